import { canonicalJson, sha256, u64, utf8 } from "@eventchain/core";
import type { LedgerBuilder } from "./ledger-builder.ts";

export interface SnapshotParts {
  branch: string;
  of: string;
  position: bigint;
  version?: bigint;
  schema?: number;
  state: unknown;
}

/**
 * Writes a snapshot's event and its row, as a correct writer would have left them. Gives the event's position.
 * @param state the text of the state, canonical or not
 */
export async function takeSnapshot(
  ledger: LedgerBuilder,
  parts: SnapshotParts,
  state: string = canonicalJson(parts.state),
): Promise<bigint> {
  const { branch, of, position, version, schema = 1 } = parts;
  const eventPosition = BigInt(ledger.events.length + 1);
  const salt = sha256(u64(eventPosition), utf8("state"));
  const stateHash = Buffer.from(sha256(Uint8Array.of(0x53), salt, utf8(state))).toString("hex");
  const numbers = { position: `${position}`, ...(version === undefined ? {} : { version: `${version}` }) };
  const data = canonicalJson({ branch, of, schema, stateHash, ...numbers });
  await ledger.append([{ stream: `$snapshot/${branch}`, type: "$SnapshotTaken", tags: [], data, metadata: "{}" }]);
  await ledger.pool.query(
    `insert into eventchain.snapshots (ledger_id, branch, position, schema, of, version, state, salt, event_position, taken_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, now())`,
    [ledger.ledgerId, branch, position, schema, of, version ?? null, state, Buffer.from(salt), eventPosition],
  );
  return eventPosition;
}
