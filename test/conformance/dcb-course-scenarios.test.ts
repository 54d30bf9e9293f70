import { type AnyCommand, type Connection, connect, type Ledger, reject } from "@eventchain/ledger";
import { given, openMemoryLedger } from "@eventchain/ledger/testing";
import { afterAll, beforeAll, describe, expect, type TestContext, test } from "vitest";
import { courseCommands, courseEvents } from "../support/course-commands.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createStagedLedger } from "../support/staged-ledger.ts";
import { sharedData } from "../vectors/shared-data.ts";

type CommandName = keyof typeof courseCommands;
type EventName = keyof typeof courseEvents;

interface Scenario {
  id: string;
  command: CommandName;
  given: readonly { event: EventName; data: object }[];
  when: { arguments: object };
  then: {
    outcome: "published" | "rejected";
    events: readonly { type: EventName; data: object }[];
    failedRule?: { index: number; text: string };
  };
}

interface Scenarios {
  model: { commands: Record<CommandName, { conditions: readonly unknown[] }> };
  scenarios: readonly Scenario[];
  sandbox: readonly { command: CommandName; args: object }[];
}

const COUNT = 19;
const indexes = Array.from({ length: COUNT }, (_, index) => index);

function load(context: TestContext): Scenarios {
  return JSON.parse(sharedData(context, "dcb-course-scenarios/course-simple.json"));
}

function scenarioAt(context: TestContext, index: number): Scenario {
  const scenario = load(context).scenarios[index];
  if (scenario === undefined) throw new Error(`no scenario ${index}`);
  return scenario;
}

const eventOf = (type: EventName, data: object) => courseEvents[type](data as never);
const commandOf = (name: CommandName): AnyCommand => courseCommands[name];

/** The codes stand in the order of the published rules. */
function codeOf({ command, then }: Scenario): string {
  const code = [...courseCommands[command].rejects.keys()][then.failedRule?.index ?? -1];
  if (code === undefined) throw new Error(`command ${command} has no rule ${then.failedRule?.text}`);
  return code;
}

test("there are as many scenarios as this test runs, and as many rules as the commands have codes", (context) => {
  const { scenarios, model } = load(context);
  expect(scenarios).toHaveLength(COUNT);
  for (const [name, { conditions }] of Object.entries(model.commands))
    expect(courseCommands[name as CommandName].rejects.size).toBe(conditions.length);
});

test.for(indexes)("scenario %i holds by given, when, then", (index, context) => {
  const scenario = scenarioAt(context, index);
  const decided = given(...scenario.given.map(({ event, data }) => eventOf(event, data))).when(
    commandOf(scenario.command),
    scenario.when.arguments,
  );
  if (scenario.then.outcome === "rejected") decided.then(reject(codeOf(scenario)));
  else decided.then(...scenario.then.events.map(({ type, data }) => eventOf(type, data)));
});

/** Appends what is given, executes, and compares the receipt and what was recorded. */
async function play(ledger: Ledger, scenario: Scenario): Promise<void> {
  for (const { event, data } of scenario.given) {
    const made = eventOf(event, data);
    await ledger.append(String(made.stream), made);
  }
  const before = BigInt(scenario.given.length);
  const receipt = await ledger.execute(commandOf(scenario.command), scenario.when.arguments, { actor: "scenario" });
  const recorded: { type: string; data: unknown }[] = [];
  for await (const { type, data } of ledger.readAll({ after: before })) recorded.push({ type, data });
  expect(recorded).toEqual(scenario.then.events);
  if (receipt.status === "rejected") expect(receipt.code).toBe(codeOf(scenario));
  expect(receipt.status).toBe(scenario.then.outcome === "rejected" ? "rejected" : "recorded");
}

async function playSandbox(ledger: Ledger, { sandbox }: Scenarios): Promise<void> {
  for (const { command, args } of sandbox) {
    const receipt = await ledger.execute(commandOf(command), args, { actor: "scenario" });
    expect([command, receipt.status]).toEqual([command, "recorded"]);
  }
  expect(await ledger.count()).toBe(BigInt(sandbox.length));
  const archived = await ledger.execute(courseCommands.SubscribeStudentToCourse, sandbox[2]?.args as never, {
    actor: "scenario",
  });
  expect(archived).toMatchObject({ status: "rejected", code: "no-such-course" });
}

const options = { commands: courseCommands };

describe("on the memory ledger", () => {
  test.for(indexes)("scenario %i holds by execute", (index, context) =>
    play(openMemoryLedger(options), scenarioAt(context, index)),
  );
  test("the sandbox's steps are all recorded", (context) => playSandbox(openMemoryLedger(options), load(context)));
});

describe("on Postgres", () => {
  let database: TestDatabase;
  let connection: Connection;
  beforeAll(async () => {
    database = await createTestDatabase();
    connection = await connect({ database: database.url });
  });
  afterAll(async () => {
    await connection?.close();
    await database?.drop();
  });

  async function open(origin: string): Promise<Ledger> {
    await createStagedLedger(database.pool, origin);
    return connection.ledger(origin, options);
  }

  test.for(indexes)("scenario %i holds by execute", async (index, context) => {
    const scenario = scenarioAt(context, index);
    await play(await open(`scenario-${index}.test`), scenario);
  });
  test("the sandbox's steps are all recorded", async (context) => {
    const scenarios = load(context);
    await playSandbox(await open("sandbox.test"), scenarios);
  });
});
