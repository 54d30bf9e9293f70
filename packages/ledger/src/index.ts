export { DEFAULT_FINAL_TIMEOUT_MS } from "./await-position.ts";
export { type ConnectOptions, connect } from "./connect.ts";
export { stateAt } from "./make-receipt.ts";
export { formatInstant, type Instant, parseInstant } from "./parse-instant.ts";
export { checkAppend } from "./prepare-append.ts";
export type {
  Alarm,
  AnchorSummary,
  AppendOptions,
  Connection,
  CoveringAnchor,
  EventInput,
  EventState,
  Expect,
  FinalResult,
  JsonObject,
  Ledger,
  LedgerEvent,
  LedgerStatus,
  ReadAllOptions,
  ReadOptions,
  Receipt,
  ReceiptEvent,
  Rejection,
  WaitOptions,
} from "./types.ts";
