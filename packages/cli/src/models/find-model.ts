import { checkName, LedgerError } from "@eventchain/core";
import type { AnyModel, Ledger } from "@eventchain/ledger";
import type { CommandContext } from "../frame/context.ts";
import { findConfig, ledgerOptions, loadConfig } from "../frame/load-config.ts";
import { loadOwn } from "../frame/load-own.ts";

/** How many of a stream's events are looked at to find the models that it fits. */
const LOOKED_AT = 1_000;

/** A ledger that was opened with the config, and the one of the config's models that a stream fits. */
export interface FoundModel {
  readonly ledger: Ledger;
  readonly model: AnyModel;
}

/**
 * The model that is named, or the only one that handles an event of the stream.
 * Errors: LedgerError `config-invalid` without a config; `not-found` where no model is of this name, the stream has no event
 * or none that a model handles; `invalid-argument`, which names `--model`, where several do.
 */
export async function findModel(
  context: CommandContext,
  stream: string,
  name: string | undefined,
): Promise<FoundModel> {
  checkName("stream", stream, { system: true });
  const path = await findConfig(context.settings);
  if (path === undefined)
    throw new LedgerError(
      "config-invalid",
      "a state is what a model of the app makes of events, and there is no eventchain.config.ts in the working directory: give an app's config by --config FILE",
    );
  const config = await loadConfig(context.settings);
  const { collectModels } = await import("@eventchain/ledger");
  // Only a ledger with a module of its own has other models than the config.
  const own = config.ledgers === undefined ? undefined : await loadOwn(path, await context.origin());
  const options = ledgerOptions(own === undefined ? config : { ...own.config, ...own.handlers });
  const models = collectModels(options);
  const named = name === undefined ? undefined : models.get(name);
  if (name !== undefined && named === undefined)
    throw new LedgerError("not-found", `the config has no model ${JSON.stringify(name)}: ${listed(models.keys())}`, {
      values: { model: name, models: [...models.keys()] },
    });
  const ledger = await (await context.connection()).ledger(await context.origin(), options);
  return { ledger, model: named ?? (await fitting(ledger, stream, [...models.values()])) };
}

async function fitting(ledger: Ledger, stream: string, models: readonly AnyModel[]): Promise<AnyModel> {
  const types = new Set<string>();
  for await (const { type } of ledger.readStream(stream, { limit: LOOKED_AT })) types.add(type);
  if (types.size === 0)
    throw new LedgerError("not-found", `stream ${JSON.stringify(stream)} has no events`, { values: { stream } });
  const fit = models.filter(({ events }) => events.some(({ type }) => types.has(type)));
  const [model] = fit;
  const names = fit.map((each) => each.name);
  if (model === undefined)
    throw new LedgerError(
      "not-found",
      `no model of the config handles an event of stream ${JSON.stringify(stream)}: ${listed(models.map((each) => each.name))}`,
      { values: { stream } },
    );
  if (fit.length > 1)
    throw new LedgerError(
      "invalid-argument",
      `${fit.length} models handle events of stream ${JSON.stringify(stream)} (${names.join(", ")}): say which by --model NAME`,
      { values: { stream, models: names } },
    );
  return model;
}

function listed(names: Iterable<string>): string {
  const all = [...names];
  return all.length === 0 ? "it has no models" : `it has ${all.join(", ")}`;
}
