import type { RegisterCommand } from "../frame/command-spec.ts";
import { registerAppend } from "./append.ts";
import { registerAwait } from "./await.ts";
import { registerCheck } from "./check.ts";
import { registerImport } from "./import.ts";
import { registerLog } from "./log.ts";
import { registerMigrate } from "./migrate.ts";
import { registerProve } from "./prove.ts";
import { registerStatus } from "./status.ts";
import { registerVerify } from "./verify.ts";

/** Every command of the program, in the order of its help. */
export const commands: readonly RegisterCommand[] = [
  registerMigrate,
  registerAppend,
  registerImport,
  registerLog,
  registerStatus,
  registerAwait,
  registerProve,
  registerVerify,
  registerCheck,
];
