/** Every type of event that the ledger writes about itself in version 1 of the format. */
export const SYSTEM_EVENT_TYPES = [
  "$SnapshotTaken",
  "$SubjectForgotten",
  "$DataErased",
  "$CommandRejected",
  "$HandlerSwitched",
  "$KeyRotated",
  "$FormatChanged",
] as const;

/** Whether the type is one of the ledger's own that this version knows. A verifier says of any other `$` type that it cannot judge. */
export function isSystemType(type: string): type is (typeof SYSTEM_EVENT_TYPES)[number] {
  return (SYSTEM_EVENT_TYPES as readonly string[]).includes(type);
}
