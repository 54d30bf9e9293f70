// One of many processes that race at one ledger: `race-process CONNECTION`. It takes steps, one JSON object a line,
// does them one after the other, and answers each with a line.
import { createInterface } from "node:readline";
import { randomBytes, uuidv7 } from "@eventchain/core";
import { type AppendCondition, type AppendOutcome, type NewEvent, openPostgresStore } from "@eventchain/store";
import type { Attempt, Draft, RaceAnswer, RaceStep } from "./start-racers.ts";

const [connectionString = ""] = process.argv.slice(2);
let ledgerId = 0n;
const store = openPostgresStore({ connectionString, maxConnections: 2 });

/** A look that is being read. */
interface Reading {
  position: bigint;
  events: AsyncIterator<{ position: bigint; type: string }>;
  seen: string[];
  /** Whether somebody's claim is among what was seen. */
  claimed: boolean;
}

async function take(reading: Reading, most: number): Promise<void> {
  for (let count = 0; count < most; count += 1) {
    const next = await reading.events.next();
    if (next.done === true) return;
    reading.seen.push(next.value.position.toString());
    reading.claimed ||= next.value.type === "Claimed";
  }
}

async function look(query: Extract<RaceStep, { do: "look" }>["query"]): Promise<Reading> {
  const { position, contexts } = await store.look(ledgerId, [{ query }]);
  const events = contexts[0]?.[Symbol.asyncIterator]();
  if (events === undefined) throw new Error("a look has a context for each query");
  return { position, events, seen: [], claimed: false };
}

function makeEvent({ stream, type, tags }: Draft): NewEvent {
  const id = uuidv7(BigInt(Date.now()));
  return {
    stream,
    type,
    tags,
    schema: 1,
    data: "{}",
    metadata: "{}",
    id,
    salt: randomBytes(16),
    metaSalt: randomBytes(16),
  };
}

async function append(event: Draft, condition: AppendCondition): Promise<Attempt["outcome"]> {
  const [outcome] = await store.append(ledgerId, [{ events: [makeEvent(event)], expected: [], condition }]);
  return plain(outcome);
}

function plain(outcome: AppendOutcome | undefined): Attempt["outcome"] {
  if (outcome?.outcome === "recorded")
    return { outcome: "recorded", positions: outcome.events.map(({ position }) => position.toString()) };
  if (outcome?.outcome === "condition-failed")
    return { outcome: "condition-failed", positions: outcome.positions.map(String) };
  throw new Error(`an append of a race is recorded or not, no ${JSON.stringify(outcome)}`);
}

let reading: Reading | undefined;

const lost: Attempt["outcome"] = { outcome: "lost", positions: [] };

async function decide({ query, event }: Extract<RaceStep, { do: "decide" }>): Promise<Attempt> {
  reading ??= await look(query);
  const { position, seen } = reading;
  await take(reading, Number.POSITIVE_INFINITY);
  const { claimed } = reading;
  reading = undefined;
  const outcome = claimed ? lost : await append(event, { failIfEventsMatch: query, after: position });
  return { after: position.toString(), seen, outcome };
}

/** Decides on a look that may have begun already; with `again`, until the claim is this one's or seen to be another's. */
async function claim(step: Extract<RaceStep, { do: "decide" }>): Promise<Attempt[]> {
  const attempts: Attempt[] = [];
  for (;;) {
    const attempt = await decide(step);
    attempts.push(attempt);
    if (step.again !== true || attempt.outcome.outcome !== "condition-failed") return attempts;
  }
}

async function run(step: RaceStep): Promise<RaceAnswer> {
  if (step.do === "enter") {
    ledgerId = BigInt(step.ledger);
    // Connected before the race.
    await store.head(ledgerId);
    return { attempts: [] };
  }
  if (step.do === "decide") return { attempts: await claim(step) };
  reading = await look(step.query);
  await take(reading, step.read ?? Number.POSITIVE_INFINITY);
  return { attempts: [] };
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await run(JSON.parse(line)))}\n`);
}
await store.close();
