import { PassThrough, Readable, type Writable } from "node:stream";
import { runProgram } from "@eventchain/cli";

export interface ProgramRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as one JSON document. */
  json(): unknown;
  /** Standard output as one JSON object a line. */
  lines(): Record<string, unknown>[];
}

export interface ProgramInput {
  readonly database?: string;
  readonly ledger?: string;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array | Readable;
  readonly signal?: AbortSignal;
  /** Where standard output goes instead of into the result. */
  readonly stdout?: Writable;
}

/** Runs a command line within the test's own process, with an environment that names no folder of its user. */
export async function runInProcess(args: readonly string[], input: ProgramInput = {}): Promise<ProgramRun> {
  const { database, ledger, env = {}, stdin = "", signal = new AbortController().signal } = input;
  const [stdout, stderr] = [collector(), collector()];
  const exitCode = await runProgram({
    args: [...args, ...(ledger === undefined ? [] : ["--ledger", ledger])],
    env: { EVENTCHAIN_DIR: "no-such-folder", ...(database === undefined ? {} : { DATABASE_URL: database }), ...env },
    stdin: stdin instanceof Readable ? stdin : Readable.from([Buffer.from(stdin)], { objectMode: false }),
    stdout: input.stdout ?? stdout.stream,
    stderr: stderr.stream,
    signal,
    tellParent: () => undefined,
  });
  const text = stdout.text();
  return {
    exitCode,
    stdout: text,
    stderr: stderr.text(),
    json: () => JSON.parse(text),
    lines: () =>
      text
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line)),
  };
}

function collector(): { stream: PassThrough; text: () => string } {
  const chunks: Buffer[] = [];
  const stream = new PassThrough();
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  return { stream, text: () => Buffer.concat(chunks).toString("utf8") };
}
