import { LedgerError } from "@eventchain/core";
import type { Projection } from "@eventchain/ledger";
import type { ExitCode, RegisterCommand } from "../frame/command-spec.ts";
import type { CommandContext } from "../frame/context.ts";
import { findConfig } from "../frame/load-config.ts";
import { loadOwn } from "../frame/load-own.ts";
import { showText } from "../jsonl/show-text.ts";

interface ReplayArguments {
  readonly clean?: boolean;
  readonly cancel?: boolean;
  readonly older?: boolean;
}

/** `replay`: builds a projection anew beside the live one, and swaps it in. */
export const registerReplay: RegisterCommand = (program, run) => {
  program
    .command("replay")
    .description("build a projection anew, beside the live one, and swap it in; goes on with a build that was left")
    .argument("<projection>", "its name in the config")
    .option("--clean", "drop a build that was left, and begin at the first event")
    .option("--older", "let the config's version take the place of a later one that is live")
    .option("--cancel", "drop a build that is on its way; the live one is not touched")
    .action(run((context, name: string, options: ReplayArguments) => replay(context, name, options)));
};

async function replay(
  context: CommandContext,
  name: string,
  { clean, cancel, older }: ReplayArguments,
): Promise<ExitCode> {
  const { output, signal } = context;
  if (clean === true && cancel === true)
    throw new LedgerError("invalid-argument", "--clean begins anew and --cancel does not: give one of them");
  if (older === true && cancel === true)
    throw new LedgerError("invalid-argument", "--older builds and --cancel does not: give one of them");
  const origin = await context.origin();
  const projection = await findProjection(context, origin, name);
  const { cancelReplay, replayProjection } = await import("@eventchain/ledger");
  const { openPostgresProjections, openPostgresStore } = await import("@eventchain/store");
  const pool = await context.pool();
  const store = openPostgresStore({ pool });
  const ledger = await store.findLedger(origin);
  if (ledger === undefined)
    throw new LedgerError("ledger-not-found", `this database has no ledger ${origin}`, { values: { ledger: origin } });
  const deps = { ledgerId: ledger.ledgerId, projections: openPostgresProjections(pool) };
  if (cancel === true) {
    const cancelled = await cancelReplay(deps, name);
    await output.document({ projection: name, cancelled }, () =>
      cancelled ? `the build of ${showText(name)} was dropped` : `no build of ${showText(name)} is on its way`,
    );
    return 0;
  }
  const startedMs = performance.now();
  const bar = context.progress((await store.head(ledger.ledgerId)).position, `replaying ${name}`, "events");
  const done = await replayProjection(deps, projection, { clean, older, signal, onProgress: bar.update });
  bar.stop();
  const seconds = Math.max(performance.now() - startedMs, 1) / 1000;
  const { version, build, events } = done;
  const eventsPerSecond = Math.round(Number(events) / seconds);
  const shown = { projection: name, version, build, events, seconds: Number(seconds.toFixed(3)), eventsPerSecond };
  await output.document({ ...shown, swapped: true }, () =>
    [
      `${showText(name)} version ${version} was built from ${events} events in ${seconds.toFixed(1)} s`,
      `(${eventsPerSecond} events/s), and is live`,
    ].join(" "),
  );
  return 0;
}

/** Among the common ones and those of the ledger's own module. Errors: LedgerError `config-invalid`, `not-found`. */
async function findProjection({ settings }: CommandContext, origin: string, name: string): Promise<Projection> {
  const path = await findConfig(settings);
  if (path === undefined)
    throw new LedgerError(
      "config-invalid",
      "there is no eventchain.config.ts in the working directory: give an app's config by --config FILE",
    );
  const { handlers } = await loadOwn(path, origin);
  const found = handlers.projections.find((projection) => projection.name === name);
  if (found !== undefined) return found;
  const names = handlers.projections.map((projection) => projection.name);
  const others = names.length === 0 ? "it has none" : `it has ${names.join(", ")}`;
  throw new LedgerError("not-found", `the config has no projection ${JSON.stringify(name)}: ${others}`, {
    values: { projection: name, projections: names },
  });
}
