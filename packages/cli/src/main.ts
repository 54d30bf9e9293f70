/** The edge: the only file of this package that reads the process's arguments, environment, streams and signals. */
import { runProgram } from "./frame/run-program.ts";

const stop = new AbortController();
// Under npx each signal arrives twice, so a repeated one is no request to hurry. A terminal that closes sends SIGHUP.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop.abort());

const exitCode = await runProgram({
  args: process.argv.slice(2),
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: stop.signal,
  // Present when a detaching `up` started this process: it waits for the outcome on this channel.
  tellParent: (message) => {
    if (process.connected) process.send?.(message);
  },
});
// Everything was closed; a handle that a library left behind must not keep a finished command alive.
process.exit(exitCode);
