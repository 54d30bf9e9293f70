// An app's process: `execute-process CONNECTION ORIGIN`. It takes lists of calls, one JSON text a line, executes each list's
// calls all at once, and answers with a line of what became of them.
import { createInterface } from "node:readline";
import { type AnyCommand, connect } from "@eventchain/ledger";
import { accountCommands } from "./account-commands.ts";
import type { Answer, Call } from "./start-apps.ts";

const [database = "", origin = ""] = process.argv.slice(2);
await using connection = await connect({ database, maxConnections: 4 });
const ledger = await connection.ledger(origin);

async function execute({ command, input, options }: Call): Promise<Answer> {
  try {
    return {
      receipt: await ledger.execute(accountCommands[command] as AnyCommand, input, { actor: "ada", ...options }),
    };
  } catch (error) {
    const { code = "unknown", values = {} } = error as { code?: string; values?: Record<string, unknown> };
    return { error: code, values };
  }
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}

process.stdout.write("[]\n");
for await (const line of createInterface({ input: process.stdin })) {
  const answers = await Promise.all((JSON.parse(line) as Call[]).map(execute));
  process.stdout.write(`${JSON.stringify(answers, plain)}\n`);
}
