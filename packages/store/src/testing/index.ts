import { accessCases } from "./cases-access.ts";
import { appendCases } from "./cases-append.ts";
import { chainCases } from "./cases-chains.ts";
import { commandCases } from "./cases-commands.ts";
import { concurrencyCases } from "./cases-concurrency.ts";
import { conditionCases } from "./cases-conditions.ts";
import { expectedCases } from "./cases-expected.ts";
import { ledgerCases } from "./cases-ledgers.ts";
import { lookCases } from "./cases-look.ts";
import { nameCases } from "./cases-names.ts";
import { queryCases } from "./cases-query.ts";
import { readingCases } from "./cases-reading.ts";
import { rejectionCases } from "./cases-rejections.ts";
import { schemaCases } from "./cases-schemas.ts";
import { type ConformanceCase, checkChain, createTestLedger, type StoreUnderTest, type TestLedger } from "./harness.ts";

export { dropBuildSchema, swapViews, type ViewSwap } from "../postgres/projections/swap-views.ts";
export { naughtyNames } from "./cases-names.ts";
export { describeSchema } from "./describe-schema.ts";
export {
  asRead,
  type ConformanceCase,
  checkChain,
  collectBatches,
  createTestLedger,
  newEvent,
  type StoreUnderTest,
  type TestLedger,
} from "./harness.ts";

/** One case: its name, and a run that throws where the store does not behave. */
export interface EventStoreTest {
  name: string;
  run(): Promise<void>;
}

async function runCase(one: ConformanceCase, under: StoreUnderTest): Promise<void> {
  const ledgers: TestLedger[] = [];
  const newLedger = async (): Promise<TestLedger> => {
    const ledger = await createTestLedger(under.store);
    ledgers.push(ledger);
    return ledger;
  };
  await one.run({ ...under, ledger: await newLedger(), newLedger });
  for (const ledger of ledgers) await checkChain(under.store, ledger);
}

/**
 * What every EventStore must do, as tests for any runner: `for (const { name, run } of …) test(name, run)`. Each works
 * in ledgers of its own, so that one store may serve all of them; each ends with its ledgers' hashes recomputed.
 */
export function eventStoreTests(factory: () => Promise<StoreUnderTest> | StoreUnderTest): EventStoreTest[] {
  const cases: ConformanceCase[] = [
    ...ledgerCases,
    ...appendCases,
    ...expectedCases,
    ...commandCases,
    ...conditionCases,
    ...chainCases,
    ...rejectionCases,
    ...readingCases,
    ...queryCases,
    ...accessCases,
    ...lookCases,
    ...schemaCases,
    ...nameCases,
    ...concurrencyCases,
  ];
  return cases.map((one) => ({ name: one.name, run: async () => runCase(one, await factory()) }));
}
