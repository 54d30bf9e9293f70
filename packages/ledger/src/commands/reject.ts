import type { Rejected } from "./types.ts";

/** What `decide` returns instead of events: one of the command's codes. `reason`: default the command's sentence for it. */
export function reject<const Code extends string>(code: Code, reason?: string): Rejected<Code> {
  return { kind: "rejected", code, reason };
}

/** The same for `authorize`: the actor may not do this to this entity. */
export function deny<const Code extends string>(code: Code, reason?: string): Rejected<Code> {
  return reject(code, reason);
}
