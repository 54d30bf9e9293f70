export type { ChainAccount } from "./chain/keep-accounts.ts";
export { makeFolder } from "./files/make-folder.ts";
export { findFreePort } from "./ports/find-free-port.ts";
export { isAlive, type ProcessIdentity } from "./processes/identify-process.ts";
export type { StopManner } from "./processes/stop-process.ts";
export {
  type SupervisedProcess,
  type SuperviseOptions,
  stopLeftover,
  superviseProcess,
} from "./processes/supervise-process.ts";
export { findRedis } from "./redis/find-redis.ts";
export {
  BLOCK_TIME_MS,
  IDLE_BLOCKS,
  LOCAL_CHAIN_ID,
  type LocalChain,
  type StartChainOptions,
  startChain,
} from "./start-chain.ts";
export { type RunningPostgres, type StartPostgresOptions, startPostgres } from "./start-postgres.ts";
export { type RunningRedis, type StartRedisOptions, startRedis } from "./start-redis.ts";
export { type Stack, type StartStackOptions, startStack } from "./start-stack.ts";
