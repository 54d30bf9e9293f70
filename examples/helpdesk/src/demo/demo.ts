// `npm run demo [-- --csv FILE]`: a ticket desk's history goes in, becomes final, is proven, tampered with and caught.
// Everything it starts runs in a temporary folder and is stopped at the end, also after Ctrl-C.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { connect } from "@eventchain/ledger";
import config from "../../eventchain.config.ts";
import { closeAgain, closeOneTicket, sendAgain } from "./close-tickets.ts";
import { eventchain } from "./eventchain.ts";
import { countOpenTickets, projectionsReach, statusesOf } from "./read-side.ts";
import { say, seconds, since, step } from "./story.ts";
import { editAsAdministrator } from "./tamper.ts";
import { watchStages } from "./watch-stages.ts";

const ORIGIN = "helpdesk.example";
const FINAL_TIMEOUT_MS = 120_000;

interface Stack {
  readonly databaseUrl: string;
  readonly rpcUrl: string;
}
interface VerifyReport {
  readonly ok: boolean;
  readonly checked: string;
  readonly findings: readonly { kind: string; position?: string; stream?: string; detail: string }[];
}

const here = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const { values } = parseArgs({ options: { csv: { type: "string" } } });
const csv = values.csv === undefined ? here("data/tickets.csv") : resolve(process.env.INIT_CWD ?? ".", values.csv);

async function tell(dir: string): Promise<void> {
  const run = eventchain(dir);

  const started = step(
    "The desk opens",
    "eventchain up --detach --ledger helpdesk.example --config eventchain.config.ts",
  );
  const stack = await run.json<Stack>(["up", "--detach", "--ledger", ORIGIN, "--config", here("eventchain.config.ts")]);
  say(`PostgreSQL, a job queue, a local chain, the contract and the workers are up. ${since(started)}`);

  const imported = step("Its history is imported", `eventchain import ${csv.split("/").at(-1)} --map tickets.map.json`);
  await using db = await connect({ database: stack.databaseUrl });
  const ledger = await db.ledger(ORIGIN, config);
  const stages = watchStages(ledger);
  const report = await run.json<{ rows: string; added: string }>([
    "import",
    csv,
    "--map",
    here("data/tickets.map.json"),
  ]);
  say(`${report.added} rows became ${report.added} chained events. ${since(imported)}`);
  const size = BigInt(report.added);
  const times = await stages.reached(size, FINAL_TIMEOUT_MS);
  say(`All ${size} are sealed ${seconds(times.sealedMs)}, anchored ${seconds(times.anchoredMs)} and final`);
  say(`${seconds(times.finalMs)} after the import began.`);

  const followed = step("Its lists and reports follow", "projections: tickets, open_tickets, customers");
  await projectionsReach(ledger, size, FINAL_TIMEOUT_MS);
  const { open, customers } = await countOpenTickets(ledger);
  say(
    `${open} tickets of ${customers} customers are open, says the table that a report tool reads. ${since(followed)}`,
  );

  const verified = step("An auditor checks the ledger", "eventchain verify --trust trust.json");
  const trust = join(dir, "trust.json");
  const honest = await run.json<VerifyReport>(["verify", "--trust", trust]);
  if (!honest.ok) throw new Error(`an honest ledger was found ${JSON.stringify(honest.findings)}`);
  say(`${honest.checked} events recomputed, against the signed log and the contract: intact. ${since(verified)}`);

  const closed = step(
    "A ticket is closed, and its finality awaited",
    "ledger.execute(closeTicket, …); receipt.final()",
  );
  const work = await closeOneTicket(ledger);
  const { receipt, ticketId } = work;
  const position = receipt.events[0]?.position;
  say(`ticket ${ticketId}, ${work.imported ? "imported" : "opened just now"}: recorded at position ${position}`);
  for await (const state of receipt.progress({ timeout: FINAL_TIMEOUT_MS })) say(`${state.padEnd(9)}${since(closed)}`);
  const { anchor } = await receipt.final({ timeout: FINAL_TIMEOUT_MS });
  say(`by transaction ${anchor.txHash} in block ${anchor.blockNumber}`);

  const travelled = step("What was it like before?", "ledger.state(progress, …, { at: { version } })");
  say(`ticket ${ticketId}: ${(await statusesOf(ledger, ticketId)).join(", ")}. ${since(travelled)}`);
  await receipt.projected("tickets");
  say(`And ${(await countOpenTickets(ledger)).open} tickets are open now.`);

  const repeated = step("What the rules forbid is rejected", "ledger.execute(closeTicket, …), twice more");
  say(`closed a second time: ${await closeAgain(ledger, work)}`);
  await sendAgain(ledger, work);
  say(`The first command again, with its command id: the first receipt again, nothing recorded. ${since(repeated)}`);

  const proved = step(
    "The customer gets a proof, in one file",
    `eventchain prove ${position} --out proof.json; eventchain check`,
  );
  const bundle = join(dir, "proof.json");
  await writeFile(bundle, await run.text(["prove", String(position), "--without-metadata"]));
  const check = await run.json<{ ok: boolean; checks: { name: string; ok: boolean | null }[] }>(
    ["check", bundle, "--trust", trust, "--rpc", stack.rpcUrl],
    { withoutDir: true },
  );
  for (const one of check.checks) say(`${one.ok === true ? "yes" : one.ok === null ? "n/a" : "NO "} ${one.name}`);
  if (!check.ok) throw new Error("the bundle does not pass");
  say(`Checked with no database, by the trust root and the chain alone. ${since(proved)}`);

  const edited = step("At night, an administrator edits a row", "update eventchain.events set data = … ");
  const victim = await editAsAdministrator(stack.databaseUrl, ledger.origin);
  say(`position ${victim.position}, ${victim.stream}: ${victim.before} → ${victim.after} ${since(edited)}`);

  const caught = step("The auditor checks again", "eventchain verify --trust trust.json");
  const tampered = await run.json<VerifyReport>(["verify", "--trust", trust], { exitCode: 1 });
  for (const one of tampered.findings) say(`${one.kind} at position ${one.position}, ${one.stream}: ${one.detail}`);
  say(`${since(caught)}`);
  const [finding] = tampered.findings;
  if (tampered.findings.length !== 1 || finding?.kind !== "altered" || finding.position !== String(victim.position)) {
    throw new Error("the verifier did not name the edited event");
  }
  say("Caught: the very event, by name.");
}

const dir = await mkdtemp(join(tmpdir(), "eventchain-demo-"));
const started = performance.now();
let closing: Promise<void> | undefined;
function close(): Promise<void> {
  closing ??= (async () => {
    await eventchain(dir).text(["down"]);
    await rm(dir, { recursive: true, force: true });
  })();
  return closing;
}
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => void close().finally(() => process.exit(130)));
}
try {
  await tell(dir);
  await close();
  console.log(`\nThe end: every step done and checked in ${seconds(performance.now() - started)}.`);
} catch (error) {
  console.error(`\nThe demo stopped: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
  await close();
}
