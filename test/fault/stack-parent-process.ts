// A process that runs a stack as the command line does: `stack-parent-process DIR`. It prints one JSON line once all is up, and
// stops on SIGINT and SIGTERM, however often they come.
import { join } from "node:path";
import { startStack, superviseProcess } from "@eventchain/devstack";

const [dir = "."] = process.argv.slice(2);
const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => interrupted.abort());
process.stdout.write('{"begun":true}\n');

try {
  const stack = await startStack({ dir, signal: interrupted.signal });
  const worker = await superviseProcess({
    name: "the worker",
    command: process.execPath,
    args: ["-e", "setInterval(() => undefined, 1000)"],
    logFile: join(dir, "worker.log"),
  });
  const { databaseUrl, rpcUrl, redisUrl } = stack;
  process.stdout.write(`${JSON.stringify({ databaseUrl, rpcUrl, redisUrl, pids: [...stack.pids(), worker.pid] })}\n`);
  while (!interrupted.signal.aborted) await new Promise((resolve) => setTimeout(resolve, 20));
  await worker.stop();
  await stack.stop();
} catch (error) {
  process.stdout.write(
    `${JSON.stringify({ code: (error as { code?: string }).code, message: (error as Error).message })}\n`,
  );
  process.exitCode = 2;
}
