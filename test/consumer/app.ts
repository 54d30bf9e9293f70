// A project of a user's: compiled against the packed packages with every library check on, and run.

import { createGenesis, signerFromSeed } from "@eventchain/core";
import {
  type CommandReceipt,
  connect,
  defineCommand,
  defineEvent,
  defineModel,
  hasRole,
  type Ledger,
  type RejectionCode,
  reject,
  stream,
} from "@eventchain/ledger";
import { jsonSchema } from "@eventchain/ledger/json-schema";
import { given, openMemoryLedger } from "@eventchain/ledger/testing";
import { migrate, openPostgresStore } from "@eventchain/store";
import { z } from "zod";

const TicketOpened = defineEvent("TicketOpened", {
  schema: z.object({ ticketId: z.string(), title: z.string() }),
  tags: (event) => [`ticket:${event.ticketId}`],
});
const TicketClosed = defineEvent("TicketClosed", {
  schema: jsonSchema<{ ticketId: string }>({
    type: "object",
    properties: { ticketId: { type: "string" } },
    required: ["ticketId"],
    additionalProperties: false,
  }),
});

const ticket = defineModel("ticket", { initial: () => ({ open: false }) })
  .on(TicketOpened, () => ({ open: true }))
  .on(TicketClosed, () => ({ open: false }));

const openTicket = defineCommand("OpenTicket", {
  input: z.object({ ticketId: z.string(), title: z.string() }),
  context: (input) => stream(`ticket-${input.ticketId}`),
  model: ticket,
  records: [TicketOpened],
  rejects: { "already-open": "The ticket is open already" },
  allow: hasRole("agent"),
  decide: ({ input, model }) => (model.open ? reject("already-open") : TicketOpened(input)),
});

const ada = { id: "ada", roles: ["agent"] };

given()
  .when(openTicket, { ticketId: "1", title: "Printer" }, { actor: ada })
  .then(TicketOpened({ ticketId: "1", title: "Printer" }));

async function tell(ledger: Ledger): Promise<string[]> {
  const told: string[] = [];
  for (let time = 0; time < 2; time += 1) {
    const receipt: CommandReceipt<RejectionCode<typeof openTicket>> = await ledger.execute(
      openTicket,
      { ticketId: "42", title: "Printer" },
      { actor: ada },
    );
    told.push(receipt.status === "rejected" ? receipt.code : receipt.status);
  }
  for await (const event of ledger.readStream("ticket-42")) told.push(event.type);
  return told;
}

async function tellOnPostgres(database: string): Promise<string[]> {
  const origin = "consumer.example";
  const store = openPostgresStore({ connectionString: database });
  try {
    await migrate(store.pool);
    const { vkey } = signerFromSeed(origin, new Uint8Array(32));
    await store.createLedger({ origin, vkey, genesis: createGenesis({ origin, vkey }) });
  } finally {
    await store.close();
  }
  await using db = await connect({ database });
  return await tell(await db.ledger(origin, { commands: [openTicket] }));
}

const [database] = process.argv.slice(2);
if (database === undefined) throw new Error("name a database");
const told = {
  memory: await tell(openMemoryLedger({ commands: [openTicket] })),
  postgres: await tellOnPostgres(database),
};
console.log(JSON.stringify(told));
