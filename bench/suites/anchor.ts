import { DEFAULT_POLICY } from "@eventchain/workers";
import { type Contenders, chance, openContenders, type Step } from "../anchor/open-contenders.ts";
import type { BenchCase, OpenSuite, SuiteResults, Target } from "../harness/types.ts";

/** Anchors of a contender in one round. */
const ANCHORS = 12;
const QUICK_ANCHORS = 2;
/** Sizes are drawn from one of these up to a tenth more. */
const SIZES = [1_000, 100_000, 1_000_000] as const;
const DOUBLING = "a step that doubles";
const STEPS = ["a step of 1", "a step of 100", "a step of 1,000"];
const ALL_STEPS = [...STEPS, DOUBLING];

const EVENTS_A_DAY = 10_000_000;
/** How far apart anchors may be: the policy's default, and longer. */
const HOURS = [Number(DEFAULT_POLICY.minIntervalMs) / 3_600_000, 1, 12, 24] as const;
const DAY = "10,000,000 events a day";

const caseOf = (size: number): string => `${size.toLocaleString("en-US")} events`;
const stepped = (step: string): string => `eventchain, ${step}`;
const ALIGNED = "1,000,000 events, sizes in multiples of 1,024";
const intervalName = (hours: number): string => stepped(hours < 1 ? `every ${hours * 60} minutes` : `every ${hours} h`);

/** So many random steps a round, the same in every run. */
function draw(name: string, anchors: number, step: (at: (key: string) => number) => Step): (round: number) => Step[] {
  return (round) => Array.from({ length: anchors }, (_, i) => step((key) => chance(`${name}/${round}/${i}/${key}`)));
}

/** About `size`: from it up to a tenth more. */
const near = (size: number, at: number): bigint => BigInt(Math.floor(size * (1 + at / 10)));

function sizeCase(on: Contenders, size: number, anchors: number): BenchCase {
  const grown = (from: bigint, step: string): bigint =>
    step === DOUBLING ? from * 2n : from + BigInt(step.replaceAll(/\D/g, ""));
  const ours = ALL_STEPS.map((step) =>
    on.ours(
      stepped(step),
      draw(`${size} ${step}`, anchors, (at) => {
        const from = near(size, at("from"));
        return { from, size: grown(from, step) };
      }),
    ),
  );
  return {
    name: caseOf(size),
    x: size,
    contenders: [...ours, on.easTimestamp, on.easAttest, on.twoSlots, on.oneSlot],
  };
}

function alignedCase(on: Contenders, anchors: number): BenchCase {
  const steps = draw("aligned", anchors, (at) => {
    const from = (near(1_000_000, at("from")) / 1024n) * 1024n;
    return { from, size: from + 1024n * BigInt(1 + Math.floor(at("step") * 4)) };
  });
  return { name: ALIGNED, contenders: [on.ours(stepped("a step of 1,024 to 4,096"), steps), on.easTimestamp] };
}

/** A ledger that already has ten million events and takes ten million more a day, evenly. */
function dayCase(on: Contenders, anchors: number): BenchCase {
  const contenders = HOURS.map((hours) => {
    const name = intervalName(hours);
    const events = BigInt(Math.round((EVENTS_A_DAY * hours) / 24));
    const steps = draw(name, anchors, (at) => {
      const from = near(EVENTS_A_DAY, at("from"));
      return { from, size: from + events };
    });
    return on.ours(name, steps, (gas) => ({ "gas an event": (gas * 24) / hours / EVENTS_A_DAY }));
  });
  return { name: DAY, contenders };
}

/** Mean over kinds of steps of each one's median. */
function meanAt(results: SuiteResults, size: number, steps: readonly string[] = ALL_STEPS): number | undefined {
  const rates = steps.map((step) => results.find(caseOf(size), stepped(step))?.rate.median);
  const known = rates.filter((rate) => rate !== undefined);
  return known.length === steps.length ? known.reduce((sum, rate) => sum + rate, 0) / known.length : undefined;
}

const BUDGETS: Readonly<Record<(typeof SIZES)[number], number>> = { 1000: 44_000, 100000: 49_400, 1000000: 50_500 };

const targets: readonly Target[] = [
  ...SIZES.flatMap((size): Target[] => [
    {
      id: `anchor.proof.${size}`,
      text: `a head with its consistency proof at ${caseOf(size)}: mean of steps of 1, 100, 1,000 and one that doubles`,
      measure: (results) => meanAt(results, size),
      unit: "gas",
      atMost: BUDGETS[size],
    },
    {
      id: `anchor.proof.small.${size}`,
      text: "the same without the step that doubles",
      measure: (results) => meanAt(results, size, STEPS),
      unit: "gas",
      atMost: BUDGETS[size],
    },
  ]),
  {
    id: "anchor.proof.aligned",
    text: "a head with its consistency proof at a million events, sizes in multiples of 1,024",
    measure: (results) => results.find(ALIGNED, stepped("a step of 1,024 to 4,096"))?.rate.median,
    unit: "gas",
    atMost: 43_700,
  },
  {
    id: "anchor.eas-timestamp",
    text: "a head with its consistency proof at 1,000 events by EAS.timestamp, which keeps 32 bytes and proves nothing",
    measure: (results) => ratioTo(results, 1_000, "EAS.timestamp"),
    unit: "x",
    atMost: 1,
  },
  {
    id: "anchor.eas-attest",
    text: "a head with its consistency proof at a million events by EAS.attest to 32 bytes",
    measure: (results) => ratioTo(results, 1_000_000, "EAS.attest"),
    unit: "x",
    atMost: 1,
  },
  {
    id: "anchor.day",
    text: "gas for each event at 10 million events a day, with an anchor a day",
    measure: (results) => results.find(DAY, intervalName(24))?.values["gas an event"]?.median,
    unit: "gas",
    atMost: 0.01,
  },
];

function ratioTo(results: SuiteResults, size: number, peer: string): number | undefined {
  const [ours, theirs] = [meanAt(results, size), results.find(caseOf(size), peer)?.rate.median];
  return ours === undefined || theirs === undefined ? undefined : ours / theirs;
}

export const suite: OpenSuite = async ({ isQuick }) => {
  const anchors = isQuick ? QUICK_ANCHORS : ANCHORS;
  const on = openContenders(anchors);
  return {
    name: "anchor",
    title: "Gas of one anchor, by receipts",
    unit: "gas",
    xAxis: { label: "events in the ledger", log: true },
    cases: [...SIZES.map((size) => sizeCase(on, size, anchors)), alignedCase(on, anchors), dayCase(on, anchors)],
    targets,
    notes: [
      `Mean gas of ${anchors} transactions a round; less is better, and "ours is" says how many times as much ours takes.`,
      "Each anchor is the second one of a ledger of its own, by AnchorRegistry.anchor with the RFC 9162 proof; its sizes are drawn from the case's size up to a tenth more.",
      "EAS is the bytecode of its npm package, on the same chain (Hardhat's). The bare contracts keep and tell a head, and check nothing of its history.",
      `${DAY}: a ledger of ten million events and more that grows evenly; the policy's default is one anchor in ${HOURS[0] * 60} minutes at most.`,
    ],
  };
};
