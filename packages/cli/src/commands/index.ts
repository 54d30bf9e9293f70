import type { RegisterCommand } from "../frame/command-spec.ts";
import { registerAppend } from "./append.ts";
import { registerAwait } from "./await.ts";
import { registerCheck } from "./check.ts";
import { registerDeploy } from "./deploy.ts";
import { registerDown } from "./down.ts";
import { registerExport } from "./export.ts";
import { registerHandlers } from "./handlers.ts";
import { registerImport } from "./import.ts";
import { registerLog } from "./log.ts";
import { registerMigrate } from "./migrate.ts";
import { registerProve } from "./prove.ts";
import { registerReplay } from "./replay.ts";
import { registerSchemas } from "./schemas.ts";
import { registerSnapshot } from "./snapshot.ts";
import { registerState } from "./state.ts";
import { registerStatus } from "./status.ts";
import { registerUp } from "./up.ts";
import { registerVerify } from "./verify.ts";
import { registerWorkers } from "./workers.ts";

/** Every command of the program, in the order of its help. */
export const commands: readonly RegisterCommand[] = [
  registerUp,
  registerDown,
  registerMigrate,
  registerDeploy,
  registerWorkers,
  registerAppend,
  registerImport,
  registerLog,
  registerExport,
  registerState,
  registerStatus,
  registerAwait,
  registerProve,
  registerVerify,
  registerCheck,
  registerHandlers,
  registerSnapshot,
  registerReplay,
  registerSchemas,
];
