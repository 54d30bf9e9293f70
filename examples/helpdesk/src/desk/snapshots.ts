import { defineSnapshots } from "@eventchain/ledger";
import { progress } from "./models.ts";

/** A long history is read from its newest snapshot on. */
export const progressSnapshots = defineSnapshots(progress, { every: 5, streams: "ticket-" });
