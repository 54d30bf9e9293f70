import { maskUrl } from "../frame/check-url.ts";
import type { StackFile } from "../frame/stack-file.ts";

/** What `up` says once everything serves: where it is, and what to try first. */
export function announce(
  stack: StackFile,
  { dir, trustPaths, detached }: { dir: string; trustPaths: readonly string[]; detached: boolean },
): string {
  const inDir = dir === ".eventchain" ? "" : ` --dir ${shellWord(dir)}`;
  const [ledger = "", ...others] = stack.ledgers;
  const which = others.length === 0 ? "" : ` --ledger ${ledger}`;
  const queue = stack.redisUrl === null ? "in the database" : maskUrl("redis", stack.redisUrl);
  const command = (words: string): string => `  eventchain ${words}${which}${inDir}`;
  return [
    `EventChain is running, as process ${stack.pid}; ${detached ? "" : "Ctrl-C or "}\`eventchain down${inDir}\` stops it.`,
    "",
    `  ledger      ${stack.ledgers.join(", ")}`,
    `  database    ${maskUrl("database", stack.databaseUrl)}`,
    `  queue       ${queue}`,
    `  chain       ${maskUrl("rpc", stack.rpcUrl)}, chain ${stack.chainId}`,
    `  contract    ${stack.contract}`,
    `  trust root  ${trustPaths.join(", ")}`,
    "",
    detached ? "Try:" : "Try, in another terminal:",
    command(`append --stream ticket-1 --type TicketOpened --data '{"title":"The printer is on fire"}'`),
    command("await 1"),
    command("prove 1 --out proof.json"),
    `  eventchain check proof.json --trust ${shellWord(trustPaths[0] ?? "")} --rpc ${stack.rpcUrl}`,
    command(`verify --trust ${shellWord(trustPaths[0] ?? "")}`),
  ].join("\n");
}

function shellWord(text: string): string {
  return /^[\w./@%+:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
