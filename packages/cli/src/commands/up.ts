import { checkOrigin, LedgerError } from "@eventchain/core";
import { portFor } from "../frame/arguments.ts";
import type { RegisterCommand } from "../frame/command-spec.ts";
import { detachUp } from "../up/detach-up.ts";

/** Console, Postgres, queue, chain. */
const PORT_COUNT = 4;

interface UpArguments {
  readonly port?: number;
  readonly detach?: boolean;
  readonly fresh?: boolean;
}

/** `up`: everything that is needed and that no URL names, in one process that stops it all. */
export const registerUp: RegisterCommand = (program, run) => {
  program
    .command("up")
    .description("start what no URL names, open the ledgers (default localhost/main) and run the workers")
    .option("--port <n>", "count ports from here: N+1 Postgres, N+2 the queue, N+3 the chain", portFor(PORT_COUNT))
    .option("--detach", "run in the background; `down` stops it")
    .option("--fresh", "throw away what an earlier `up` kept in DIR: data, chain and keys")
    .action(
      run(async (context, options: UpArguments) => {
        const ledgers = context.settings.options.ledger ?? [];
        for (const origin of ledgers) checkOrigin(origin);
        if (new Set(ledgers).size < ledgers.length) {
          throw new LedgerError("invalid-argument", "--ledger names the same ledger twice: leave one out");
        }
        if (options.detach === true) {
          const { stack, words } = await detachUp(context);
          await context.output.document(stack, () => words);
          return 0;
        }
        const { runUp } = await import("../up/run-up.ts");
        await runUp(context, { ledgers, port: options.port, fresh: options.fresh === true });
        return 0;
      }),
    );
};
