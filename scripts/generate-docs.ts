// Writes docs/commands-and-events.md from the examples' definitions. With --check: fails if that is not what stands there.
import { readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { describeCommands } from "@eventchain/ledger";
import * as bank from "../examples/bank/src/index.ts";
import * as desk from "../examples/helpdesk/src/desk/index.ts";

const ROOT = join(import.meta.dirname, "..");
const TARGET = join(ROOT, "docs/commands-and-events.md");

/** In the order of a life. */
const deskCommands = [
  desk.openTicket,
  desk.assignTicket,
  desk.changeSeriousness,
  desk.askCustomer,
  desk.recordAnswer,
  desk.resolveTicket,
  desk.closeTicket,
  desk.reopenTicket,
  desk.markDuplicate,
];
const bankCommands = [
  bank.openAccount,
  bank.deposit,
  bank.withdraw,
  bank.transfer,
  bank.reverseBooking,
  bank.changeLimit,
  bank.closeAccount,
];

const text = `<!-- Generated from the definitions in examples/ by "npm run generate". Do not edit. -->

# Commands and events of the examples

What each command is given, what it decides on, what it records and when it says no; then each event with its fields.
An app makes such a page of its own definitions with \`describeCommands\` from \`@eventchain/ledger\`.

- [The ticket desk](#the-ticket-desk), in \`examples/helpdesk\`
- [The bank](#the-bank), in \`examples/bank\`

## The ticket desk

${describeCommands({ commands: deskCommands, level: 3 })}

## The bank

${describeCommands({ commands: bankCommands, level: 3 })}
`;

const name = relative(ROOT, TARGET);
if (process.argv.includes("--check")) {
  const found = await readFile(TARGET, "utf8").catch(() => undefined);
  if (found !== text) {
    console.error(`${name} is not what the examples' definitions say: run "npm run generate"`);
    process.exitCode = 1;
  }
} else {
  await writeFile(TARGET, text);
  console.error(`wrote ${name}`);
}
