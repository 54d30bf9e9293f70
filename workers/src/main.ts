// `node workers/src/main.ts`: the workers as a process of their own, configured by the environment.

import { errorValues, formatLine, type Logger } from "./run/logger.ts";
import { readEnvironment } from "./run/read-environment.ts";
import { runWorkers } from "./run-workers.ts";

/** One JSON object a line, on standard error. */
const logger: Logger = (level, event, values = {}) => {
  process.stderr.write(`${formatLine(new Date().toISOString(), level, event, values)}\n`);
};

// An app's code has its own threads; what a library leaves unawaited must not stop the sealing either.
process.on("unhandledRejection", (reason) => {
  logger("error", "unhandled-rejection", errorValues(reason));
});

async function main(): Promise<void> {
  const starting = runWorkers(readEnvironment(process.env, logger));
  // Asked to stop while it starts, it stops once it has started. Under npx a Ctrl-C arrives twice: the second one finds
  // the first at work.
  const stop = async (): Promise<void> => {
    const workers = await starting.catch(() => undefined);
    if (workers === undefined) return;
    try {
      await workers.close();
      process.exit(0);
    } catch (error) {
      logger("error", "stop-failed", errorValues(error));
      process.exit(1);
    }
  };
  process.on("SIGTERM", () => void stop());
  process.on("SIGINT", () => void stop());
  await starting;
}

main().catch((error: unknown) => {
  logger("error", "start-failed", errorValues(error));
  process.exit(2);
});
