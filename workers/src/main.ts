// `node workers/src/main.ts`: the workers as a process of their own, configured by the environment.

import { errorValues, formatLine, type Logger } from "./run/logger.ts";
import { readEnvironment } from "./run/read-environment.ts";
import { runWorkers } from "./run-workers.ts";

/** One JSON object a line, on standard error. */
const logger: Logger = (level, event, values = {}) => {
  process.stderr.write(`${formatLine(new Date().toISOString(), level, event, values)}\n`);
};

async function main(): Promise<void> {
  const workers = await runWorkers(readEnvironment(process.env, logger));
  // Under npx a Ctrl-C arrives twice: the second one finds the first at work.
  const stop = (): void => {
    workers.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger("error", "stop-failed", errorValues(error));
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}

main().catch((error: unknown) => {
  logger("error", "start-failed", errorValues(error));
  process.exitCode = 2;
});
