import type { PostgresStore } from "@eventchain/store";
import type { Connection } from "./types.ts";

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

export interface ConnectOptions {
  database: string | PostgresStore["pool"];
  maxConnections?: number;
}
export declare function connect(options: ConnectOptions): Promise<Connection>;
