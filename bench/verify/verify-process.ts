// What the suite `verify` runs in processes of their own.

import { createHash } from "node:crypto";
import { verifyLedger } from "@eventchain/verifier";
import pg from "pg";

export interface VerifyTask {
  databaseUrl: string;
  origin: string;
  events: number;
}

/** Seconds from the call to the report. Throws, where the ledger is not found to be clean and whole. */
export async function verifyOnce({
  databaseUrl,
  origin,
  events,
  threads,
}: VerifyTask & { threads: number }): Promise<number> {
  const startMs = performance.now();
  const report = await verifyLedger({ database: databaseUrl, ledger: origin, offline: true, threads });
  const seconds = (performance.now() - startMs) / 1000;
  if (!report.ok || report.checked !== `${events}` || report.sealed !== `${events}`) {
    throw new Error(`the ledger is not as it was filled: ${JSON.stringify(report)}`);
  }
  return seconds;
}

const COLUMNS = `position, version, recorded_at, schema, id, stream, type, tags, salt, data, data_hash, meta_salt, metadata, meta_hash,
  content_hash, prev_hash, hash`;

/** Seconds of a COPY of every column that is verified, and of one SHA-256 over all of its bytes. */
export async function copyAndHash({ databaseUrl, events }: VerifyTask): Promise<number> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const startMs = performance.now();
  const digest = createHash("sha256");
  let rows = 0;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  client.query({
    submit: (connection: pg.Connection) =>
      connection.query(`copy (select ${COLUMNS} from eventchain.events order by position) to stdout (format binary)`),
    handleCopyData({ chunk }: { chunk: Buffer }) {
      rows += 1;
      digest.update(chunk);
    },
    handleCommandComplete() {},
    handleReadyForQuery: () => resolve(),
    handleError: reject,
  } as pg.Submittable);
  await promise;
  digest.digest();
  const seconds = (performance.now() - startMs) / 1000;
  await client.end();
  // The header comes with the first row, the end's mark alone.
  if (rows !== events + 1) throw new Error(`${rows - 1} rows instead of ${events}`);
  return seconds;
}
