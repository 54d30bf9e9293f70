import { join } from "node:path";
import type { RegisterCommand } from "../frame/command-spec.ts";
import { removeStack } from "../frame/stack-file.ts";

/** How long `up` may take to stop its servers, ms, before it is killed and its reaper stops them. */
const STOP_WITHIN_MS = 60_000;

/** `down`: stops the `up` that runs in DIR, and returns when it has ended. That nothing runs is fine: exit code 0. */
export const registerDown: RegisterCommand = (program, run) => {
  program
    .command("down")
    .description("stop what `up` runs in DIR")
    .action(
      run(async (context) => {
        const { dir } = context.settings;
        const { stopLeftover } = await import("@eventchain/devstack");
        const stopped = await stopLeftover(join(dir, "lock"), { signal: "SIGTERM", graceMs: STOP_WITHIN_MS });
        await removeStack(dir);
        await context.output.document({ stopped }, () => (stopped ? "stopped" : `nothing runs in ${dir}`));
        return 0;
      }),
    );
};
