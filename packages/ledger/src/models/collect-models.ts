import { LedgerError } from "@eventchain/core";
import { listDefinitions } from "../events/list-definitions.ts";
import type { LedgerOptions } from "../types.ts";
import type { AnyModel } from "./types.ts";

/**
 * Every model that a ledger is opened with, by name: those given, and those of the snapshots, the projections and the commands.
 * Errors: LedgerError `config-invalid` where two models have one name, and for a list that holds anything else.
 */
export function collectModels(
  options: Pick<LedgerOptions, "commands" | "models" | "projections" | "snapshots">,
): ReadonlyMap<string, AnyModel> {
  const models = new Map<string, AnyModel>();
  const all = [
    ...listDefinitions(options.models, "models", "model"),
    ...listDefinitions(options.snapshots, "snapshots", "snapshots").map(
      ({ model, projection }) => model ?? projection.model.model,
    ),
    ...listDefinitions(options.projections, "projections", "projection").flatMap(({ model }) => model?.model ?? []),
    ...listDefinitions(options.commands, "commands", "command").flatMap((command) => [...command.models.values()]),
  ];
  for (const model of all) {
    if ((models.get(model.name) ?? model) !== model)
      throw new LedgerError(
        "config-invalid",
        `two models are called ${JSON.stringify(model.name)}: rename one, as a model is asked for by its name`,
        { values: { model: model.name } },
      );
    models.set(model.name, model);
  }
  return models;
}
