import { LedgerError } from "@eventchain/core";
import type { AnyCommand } from "../commands/types.ts";
import type { Definitions, LedgerOptions } from "../types.ts";
import { listDefinitions } from "./list-definitions.ts";
import { areSame } from "./schema-record.ts";
import type { AnyEventDefinition } from "./types.ts";

/**
 * Every event definition that a ledger is opened with, by type: those given, and those of the commands' records and models, of
 * the projections, the snapshots and the models.
 * Errors: LedgerError `config-invalid` where one type has two definitions (of other versions or schemas) or two commands have
 * one name, and for a list that holds anything else.
 */
export function collectDefinitions(
  options: Pick<LedgerOptions, "events" | "commands" | "models" | "projections" | "snapshots">,
): ReadonlyMap<string, AnyEventDefinition> {
  const byType = new Map<string, { definition: AnyEventDefinition; source: string }>();
  const add = (definition: AnyEventDefinition, source: string): void => {
    const known = byType.get(definition.type);
    if (known === undefined) byType.set(definition.type, { definition, source });
    else if (!areSame(known.definition, definition)) throw twoDefinitions(definition, known.source, source);
  };
  for (const definition of listEvents(options.events)) add(definition, "the option `events`");
  for (const command of listCommands(options.commands)) {
    const name = JSON.stringify(command.name);
    for (const definition of command.records) add(definition, `the records of command ${name}`);
    for (const model of command.models.values())
      for (const definition of model.events) add(definition, `model ${JSON.stringify(model.name)} of command ${name}`);
  }
  for (const { name, events } of listDefinitions(options.models, "models", "model"))
    for (const definition of events) add(definition, `model ${JSON.stringify(name)}`);
  for (const { name, events } of listDefinitions(options.projections, "projections", "projection"))
    for (const definition of events) add(definition, `projection ${JSON.stringify(name)}`);
  for (const { name, model, projection } of listDefinitions(options.snapshots, "snapshots", "snapshots"))
    for (const definition of (model ?? projection).events) add(definition, `the model of ${JSON.stringify(name)}`);
  return new Map([...byType].map(([type, { definition }]) => [type, definition]));
}

/** The event definitions of a list or a module. Errors: LedgerError `config-invalid`. */
function listEvents(given: Definitions<AnyEventDefinition> | undefined): AnyEventDefinition[] {
  return listDefinitions(given, "events", "event");
}

/** The commands of a list or a module, each of its own name. Errors: LedgerError `config-invalid`. */
function listCommands(given: Definitions<AnyCommand> | undefined): AnyCommand[] {
  const commands = listDefinitions(given, "commands", "command");
  const byName = new Map<string, AnyCommand>();
  for (const command of commands) {
    const { name } = command;
    if ((byName.get(name) ?? command) !== command)
      throw new LedgerError(
        "config-invalid",
        `\`commands\` holds two commands that are called ${JSON.stringify(name)}: rename one, as records and receipts name a command so`,
        { values: { command: name } },
      );
    byName.set(name, command);
  }
  return [...byName.values()];
}

function twoDefinitions({ type }: AnyEventDefinition, first: string, second: string): LedgerError {
  return new LedgerError(
    "config-invalid",
    `event ${JSON.stringify(type)} has two definitions, one of ${first} and another of ${second}: use one`,
    { values: { type, first, second } },
  );
}
