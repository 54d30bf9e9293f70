export { type CheckOptions, checkBundle, type Report } from "@eventchain/core";
export { checkBundleFile } from "./check-bundle-file.ts";
export type { OutsideReceipt, VerifyOptions } from "./options.ts";
export { parseReceipts } from "./outside/parse-receipts.ts";
export type { AnchoredHead, Finding, FindingKind, VerifyReport } from "./report.ts";
export { verifyLedger } from "./verify-ledger.ts";
