import { bytesToHex, LedgerError, sha256, utf8 } from "@eventchain/core";
import type { SnapshotStore, StoredSnapshot } from "@eventchain/store";
import { snapshotProblem } from "./check-snapshot.ts";
import type { SnapshotListed } from "./types.ts";

/** Snapshots that one query fetches. */
const PAGE_SIZE = 200;

/** All snapshots of a ledger, or those of one branch, by branch (bytewise) and position. Errors: LedgerError `invalid-argument`. */
export function listSnapshots(
  { ledgerId, snapshots }: { readonly ledgerId: bigint; readonly snapshots: Pick<SnapshotStore, "list"> },
  branch: string | undefined,
): AsyncIterable<SnapshotListed> {
  if (branch !== undefined && (typeof branch !== "string" || branch === ""))
    throw new LedgerError("invalid-argument", "snapshots takes a branch's name, or nothing for all of them");
  return pages(ledgerId, snapshots, branch);
}

async function* pages(
  ledgerId: bigint,
  snapshots: Pick<SnapshotStore, "list">,
  branch: string | undefined,
): AsyncGenerator<SnapshotListed> {
  let after: StoredSnapshot | undefined;
  do {
    const rows = await snapshots.list(ledgerId, {
      limit: PAGE_SIZE,
      ...(branch === undefined ? {} : { branch }),
      ...(after === undefined ? {} : { after }),
    });
    for (const row of rows) yield listed(row);
    after = rows.length < PAGE_SIZE ? undefined : rows.at(-1);
  } while (after !== undefined);
}

function listed(row: StoredSnapshot): SnapshotListed {
  const { branch, of, position, version, schema, eventPosition, takenAtMicros } = row;
  const stateHash = bytesToHex(sha256(Uint8Array.of(0x53), row.salt, utf8(row.state)));
  const problem = snapshotProblem(row, { branch, of, schema, ofStream: version !== undefined });
  return { branch, of, position, version, schema, stateHash, eventPosition, takenAtMicros, problem };
}
