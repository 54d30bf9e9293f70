import type { Chain } from "@eventchain/chain";
import { LedgerError } from "@eventchain/core";
import { locateContract } from "./chain/locate-contract.ts";
import { type ChainView, readChain } from "./chain/read-chain.ts";
import { usePool, withSnapshot } from "./database/open-snapshot.ts";
import { type ContractRow, pickLedger, readContract, readLedgers } from "./database/read-setup.ts";
import { inspectLedger } from "./inspect-ledger.ts";
import type { VerifyOptions } from "./options.ts";
import { describeHead } from "./read-head.ts";
import type { VerifyReport } from "./report.ts";

/** More than this only costs memory. */
const MAX_THREADS = 64;

/**
 * Checks a whole ledger by reads of its own: every event is recomputed and compared with the log, the log with the chain and
 * the signed checkpoints, and all of it with what was kept outside. The report is what `verify --json` prints. It looks at one
 * moment of the database; the chain is read before it, so that nothing anchored by then can be missing honestly.
 *
 * Throws LedgerError when it cannot be checked: `chain-unavailable` (no chain and not `offline`, or a silent node),
 * `chain-mismatch` (another chain than the trust root or the database names), `ledger-not-found`, `invalid-argument`,
 * `unsupported-format` (what only a later version can judge), `not-migrated`, `database-…`, `aborted`.
 */
export async function verifyLedger(options: VerifyOptions): Promise<VerifyReport> {
  const { offline = false } = options;
  const chain = offline ? undefined : options.chain;
  if (chain === undefined && !offline) {
    const message = "there is no chain to check against; it can only be left out on purpose (offline)";
    throw new LedgerError("chain-unavailable", message, { retryable: false });
  }
  const origin = originOf(options);
  refuseThreads(options.threads);
  const { pool, end } = usePool(options.database);
  try {
    const named = await withSnapshot(pool, async (snapshot) => {
      const ledger = pickLedger(await readLedgers(snapshot), origin);
      return { ledger, contract: ledger === undefined ? undefined : await readContract(snapshot, ledger.ledgerId) };
    });
    const name = named.ledger?.origin ?? (origin as string);
    const view = chain === undefined ? undefined : await look(chain, options, name, named.contract);
    if (named.ledger === undefined) return await reportMissing(name, options, chain, view);
    return await inspectLedger({ options, pool, ledgerId: named.ledger.ledgerId, chain, view });
  } finally {
    await end();
  }
}

function originOf({ ledger, trust }: VerifyOptions): string | undefined {
  if (ledger !== undefined && trust !== undefined && ledger !== trust.origin) {
    throw new LedgerError("invalid-argument", `the trust root is that of ${trust.origin}, not of ${ledger}`, {
      values: { ledger, origin: trust.origin },
    });
  }
  return ledger ?? trust?.origin;
}

function refuseThreads(threads: number | undefined): void {
  if (threads === undefined || (Number.isInteger(threads) && threads >= 1 && threads <= MAX_THREADS)) return;
  throw new LedgerError("invalid-argument", `threads is an integer from 1 to ${MAX_THREADS}`, { values: { threads } });
}

async function look(
  chain: Chain,
  { trust, contract }: VerifyOptions,
  origin: string,
  row: ContractRow | undefined,
): Promise<ChainView | undefined> {
  const place = await locateContract(chain, { trust, contract, row, origin });
  return place === undefined ? undefined : await readChain(chain, place, origin);
}

/** The database has no ledger of this name; if the trust root's owner opened it on chain, that is what there is to report. */
async function reportMissing(
  origin: string,
  options: VerifyOptions,
  chain: Chain | undefined,
  view: ChainView | undefined,
): Promise<VerifyReport> {
  if (chain === undefined || view?.head === undefined) {
    throw new LedgerError("ledger-not-found", `the database has no ledger ${origin}`, { values: { ledger: origin } });
  }
  const detail = `${origin} is on chain with a head of size ${view.head.size}, and the database does not have it`;
  return {
    ledger: origin,
    ok: false,
    trust: options.trust === undefined ? "from-database" : "given",
    epoch: view.head.epoch.toString(),
    size: "0",
    checked: "0",
    sealed: "0",
    anchored: await describeHead(chain, view, options.finality),
    unanchored: "0",
    findings: [{ kind: "ledger-missing", detail }],
  };
}
