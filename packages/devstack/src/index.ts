export { findFreePort } from "./ports/find-free-port.ts";
export { isAlive, type ProcessIdentity } from "./processes/identify-process.ts";
export type { StopManner } from "./processes/stop-process.ts";
export {
  type SupervisedProcess,
  type SuperviseOptions,
  stopLeftover,
  superviseProcess,
} from "./processes/supervise-process.ts";
export { type RunningPostgres, type StartPostgresOptions, startPostgres } from "./start-postgres.ts";
export { type RunningRedis, type StartRedisOptions, startRedis } from "./start-redis.ts";
