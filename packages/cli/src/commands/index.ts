import type { RegisterCommand } from "../frame/command-spec.ts";
import { registerCheck } from "./check.ts";
import { registerMigrate } from "./migrate.ts";
import { registerVerify } from "./verify.ts";

/** Every command of the program, in the order of its help. */
export const commands: readonly RegisterCommand[] = [registerMigrate, registerVerify, registerCheck];
