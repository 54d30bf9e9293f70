import { LedgerError, type LedgerErrorCode } from "@eventchain/core";
import { CommanderError } from "commander";
import type { ExitCode } from "./command-spec.ts";
import { OutputFailed } from "./output.ts";

/** An error as the command line shows it. */
export interface DescribedError {
  readonly exitCode: ExitCode;
  /** One line. */
  readonly message: string;
  /** The content of `{"error": …}`. */
  readonly json: { readonly code: string; readonly message: string } & Readonly<Record<string, unknown>>;
}

/** What to do about an error whose own message does not say. */
const advice: Partial<Readonly<Record<LedgerErrorCode, string>>> = {
  "not-migrated": "run `eventchain migrate`",
  "ledger-not-found": "`--ledger ORIGIN` names another, `eventchain deploy --ledger ORIGIN` creates one",
  "ledger-halted": "`eventchain status` says why",
  "not-sealed": "wait for it with `eventchain await POSITION`; `eventchain workers` must be running",
  "not-final": "wait for it with `eventchain await POSITION`",
  timeout: "`eventchain status` says what it waits for; --timeout gives it longer",
  "database-unavailable": "see that Postgres runs, and check --database or DATABASE_URL",
  "chain-unavailable": "see that the chain's node runs, and check --rpc or RPC_URL",
  "queue-unavailable": "see that Redis runs, and check --redis or REDIS_URL",
};

/** Maps anything thrown to one line, one JSON object and an exit code. Never shows a stack. */
export function describeError(error: unknown): DescribedError {
  if (error instanceof CommanderError) {
    const said =
      error.code === "commander.help"
        ? "no command is given"
        : oneLine(error.message.replace(/^error: /, "")).replace(/\.$/, "");
    const message = `${said}: see \`eventchain --help\``;
    return { exitCode: 2, message, json: { code: "invalid-argument", message } };
  }
  if (error instanceof LedgerError) {
    const said = wordsOf(error);
    const hint = adviceOn(error);
    const message =
      hint === undefined || said.includes("`eventchain") || said.includes("--") ? said : `${said}: ${hint}`;
    // A conflict and a proven alteration are answers, bad ones; everything else could not be done.
    const exitCode = error.code === "conflict" || error.code === "tampered" ? 1 : 2;
    // Whatever the values are called, these two stand first.
    const { code, message: _said, ...values } = error.toJSON();
    return { exitCode, message, json: { code, message, ...values } };
  }
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof Error && error.name === "AbortError") return plain("aborted", "interrupted");
  const said = error instanceof Error ? oneLine(message) : String(error);
  if (error instanceof OutputFailed) return plain("output-failed", said);
  if (typeof code === "string" && /^E[A-Z]+$/.test(code)) return plain("invalid-argument", said);
  return plain("internal", `${said || "it failed without a message"}: EVENTCHAIN_DEBUG=1 shows where`);
}

/** The packages' words name the program in their own way, and what Postgres said of a missing table tells no more. */
function wordsOf(error: LedgerError): string {
  const said = oneLine(error.message);
  return error.code === "not-migrated" ? said.replace(/: run eventchain migrate\b.*$/, "") : said;
}

function adviceOn({ code, values }: LedgerError): string | undefined {
  if (code !== "database-refused") return advice[code];
  const state = String(values.sqlState ?? "");
  if (state === "3D000") return "create it, or check the name in --database or DATABASE_URL";
  return state.startsWith("28") ? "check user and password in --database or DATABASE_URL" : undefined;
}

/** Where an error, and each that caused it, was thrown; for EVENTCHAIN_DEBUG=1. */
export function stacksOf(error: unknown): string {
  const stacks: string[] = [];
  for (let at = error; at instanceof Error && stacks.length < 5; at = at.cause) stacks.push(at.stack ?? at.message);
  return stacks.join("\ncaused by ");
}

function plain(code: string, message: string): DescribedError {
  return { exitCode: 2, message, json: { code, message } };
}

/** Also hides the password of any URL: an argument in the wrong place is quoted by the parser as it came. */
function oneLine(text: string): string {
  return text
    .trim()
    .replace(/\s*\n\s*/g, " ")
    .replace(/(\w:\/\/[^\s:@/]*):[^\s@]*@/g, "$1:***@");
}
