import type { Command } from "commander";
import type { CommandContext } from "./context.ts";

/** 0 done, or nothing found wrong; 1 the answer is bad; 2 it could not be done or checked. */
export type ExitCode = 0 | 1 | 2;

/** Makes a command's handler into a commander action: it gets the context first, then arguments and options as parsed. */
export type Run = <A extends unknown[]>(
  handler: (context: CommandContext, ...args: A) => Promise<ExitCode>,
) => (...args: A) => Promise<void>;

/** One command, in a file of its own: it adds itself to the program. Whatever its handler throws is reported by the frame. */
export type RegisterCommand = (program: Command, run: Run) => void;
