export type { OutsideReceipt, VerifyOptions } from "./options.ts";
export { parseReceipts } from "./outside/parse-receipts.ts";
export type { AnchoredHead, Finding, FindingKind, VerifyReport } from "./report.ts";
export { verifyLedger } from "./verify-ledger.ts";
