import type { RegisterCommand } from "../frame/command-spec.ts";
import { registerMigrate } from "./migrate.ts";

/** Every command of the program, in the order of its help. */
export const commands: readonly RegisterCommand[] = [registerMigrate];
