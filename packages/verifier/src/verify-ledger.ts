import type { VerifyOptions } from "./options.ts";
import type { VerifyReport } from "./report.ts";

export function verifyLedger(_options: VerifyOptions): Promise<VerifyReport> {
  throw new Error("not built yet");
}
