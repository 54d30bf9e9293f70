export type { AnchorDeps, ChainDeps, LedgerFailure } from "./anchor/deps.ts";
export { type AnchorPolicy, DEFAULT_POLICY, DEVELOPMENT_POLICY, type PolicyInput, policyOn } from "./anchor/policy.ts";
export { type AnchorInput, type AnchorReport, anchorDue } from "./anchor.ts";
export type { FinaliseDeps } from "./finalise/check-mined.ts";
export { type FinaliseInput, type FinaliseReport, finaliseDue } from "./finalise.ts";
export type { Guard, GuardHead } from "./guard/guard.ts";
export { openFileGuard } from "./guard/open-file-guard.ts";
export { openPostgresGuard } from "./guard/open-postgres-guard.ts";
export { type SealDeps, type SealResult, sealBatch } from "./seal.ts";
