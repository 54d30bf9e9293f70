export { at, DEFAULT_NOW_MS } from "./decide-given.ts";
export { type Given, given, type Outcome, type When, type WhenOptions } from "./given.ts";
export { type MemoryLedger, type MemoryLedgerOptions, openMemoryLedger } from "./open-memory-ledger.ts";
