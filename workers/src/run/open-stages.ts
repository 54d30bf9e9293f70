import { connectChain, type Finality } from "@eventchain/chain";
import { type NoteSigner, signerFromSeed } from "@eventchain/core";
import type { Stage } from "@eventchain/queue";
import type { LogStore } from "@eventchain/store";
import type { ChainDeps } from "../anchor/deps.ts";
import { isDevelopmentChain, policyOn } from "../anchor/policy.ts";
import type { Guard } from "../guard/guard.ts";
import { openFileGuard } from "../guard/open-file-guard.ts";
import { openPostgresGuard } from "../guard/open-postgres-guard.ts";
import { anchorStage, finaliseStage } from "./chain-stages.ts";
import type { Look } from "./keep-queue.ts";
import type { Logger, Troubles } from "./logger.ts";
import type { CheckedOptions } from "./options.ts";
import { Pauses } from "./pauses.ts";
import { pollHeads } from "./poll-heads.ts";
import { readChainKey, readSealSeed } from "./read-key-file.ts";
import { sealStage } from "./seal-stage.ts";
import { type Request, takeTurns } from "./take-turns.ts";

/** Confirmations on a development chain, unless the options say otherwise. */
const DEVELOPMENT_CONFIRMATIONS = 2;

/** What the stages of one process share. */
export interface Shared {
  options: CheckedOptions;
  log: LogStore;
  logger: Logger;
  troubles: Troubles;
  nowMs: () => number;
  /** False where the queue cannot carry it now. Never throws. */
  hint(stage: Stage, ledgerId: bigint): Promise<boolean>;
  isStopping(): boolean;
}

/** The stages of one process, ready to be looked at, and what must be let go of. */
export interface OpenStages {
  looks: ReadonlyMap<Stage, Look>;
  /** Begins to look by itself for what nobody hints at. */
  start(): void;
  /** Ends that, and resolves when no stage is at work any more. */
  stop(): Promise<void>;
  /** Closes what the stages hold. */
  close(): Promise<void>;
}

/** Opens the stages that the options name. Errors: LedgerError `config-invalid`, `bad-key`. */
export async function openStages(shared: Shared): Promise<OpenStages> {
  const { roles } = shared.options;
  const opened = new StageSet(shared);
  if (roles.includes("seal")) await opened.openSeal();
  if (roles.includes("anchor")) await opened.openAnchor();
  if (roles.includes("finalise")) opened.openFinalise();
  return opened;
}

class StageSet implements OpenStages {
  readonly looks: Map<Stage, Look> = new Map();
  readonly #shared: Shared;
  readonly #atWork = new Set<Promise<void>>();
  readonly #timers = new Map<Stage, { timer: NodeJS.Timeout; atMs: number }>();
  readonly #closers: (() => Promise<void> | void)[] = [];
  #startPoller: () => { stop(): Promise<void> } | undefined = () => undefined;
  #poller: { stop(): Promise<void> } | undefined;
  #chainDeps: ChainDeps | undefined;

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  async openSeal(): Promise<void> {
    const { options, log, logger, troubles, nowMs, hint, isStopping } = this.#shared;
    const signerFor = keepSigners(await readSealSeed(options.sealKeyFile ?? ""));
    const guard = openGuard(options);
    this.#closers.push(() => guard.close());
    const pauses = new Pauses(nowMs);
    const onSealed = (ledgerId: bigint): void => this.#tell("anchor", ledgerId);
    const deps = { log, guard, signerFor };
    const onMore = (ledgerId: bigint): void => void look(ledgerId);
    const look = this.#add("seal", sealStage({ deps, logger, troubles, pauses, onSealed, onMore, isStopping }));
    this.#startPoller = () =>
      pollHeads({
        log,
        troubles,
        async onDue(ledgerId) {
          if (pauses.has(ledgerId)) return false;
          if (!(await hint("seal", ledgerId))) await look(ledgerId);
          return true;
        },
      });
  }

  async openAnchor(): Promise<void> {
    const { options, logger, troubles, nowMs } = this.#shared;
    const key = await readChainKey(options.anchorKeyFile ?? "");
    const deps = { ...this.#openChain(), key };
    const onProgress = (ledgerId: bigint): void => this.#tell("finalise", ledgerId);
    const pauses = new Pauses(nowMs);
    this.#add("anchor", anchorStage({ deps, logger, troubles, nowMs, pauses, onProgress }));
  }

  openFinalise(): void {
    const { options, logger, troubles, nowMs } = this.#shared;
    const deps = {
      ...this.#openChain(),
      finalityFor: (chainId: bigint) => options.finality ?? defaultFinality(chainId),
    };
    const onProgress = (ledgerId: bigint): void => this.#tell("anchor", ledgerId);
    const again = (afterMs: number): void => this.#lookAgain("finalise", afterMs);
    this.#add("finalise", finaliseStage({ deps, logger, troubles, nowMs, onProgress, again }));
  }

  start(): void {
    for (const look of this.looks.values()) void look();
    this.#poller = this.#startPoller();
  }

  async stop(): Promise<void> {
    await this.#poller?.stop();
    await Promise.all(this.#atWork);
    for (const { timer } of this.#timers.values()) clearTimeout(timer);
  }

  async close(): Promise<void> {
    for (const end of this.#closers.splice(0)) await end();
  }

  #add(stage: Stage, run: (request: Request) => Promise<void>): Look {
    const turn = takeTurns((request) => this.#attempt(stage, () => run(request)));
    const look: Look = (ledgerId) => {
      if (this.#shared.isStopping()) return Promise.resolve();
      const work = turn(ledgerId);
      const settled = work.finally(() => this.#atWork.delete(settled));
      this.#atWork.add(settled);
      return work;
    };
    this.looks.set(stage, look);
    return look;
  }

  /** A server that is away is a trouble of the stage; the next tick tries again. */
  async #attempt(stage: Stage, run: () => Promise<void>): Promise<void> {
    const { troubles } = this.#shared;
    try {
      await run();
      troubles.over(stage, `${stage}-recovered`);
    } catch (error) {
      troubles.note(stage, `${stage}-failed`, error);
    }
  }

  /** By a hint; where the queue cannot carry it, straight to the stage of this process. */
  #tell(stage: Stage, ledgerId: bigint): void {
    void this.#shared.hint(stage, ledgerId).then((isCarried) => {
      if (!isCarried) void this.looks.get(stage)?.(ledgerId);
    });
  }

  #lookAgain(stage: Stage, afterMs: number): void {
    const atMs = this.#shared.nowMs() + afterMs;
    const set = this.#timers.get(stage);
    // One is enough: a run that comes early puts itself off once more.
    if (set !== undefined && set.atMs <= atMs) return;
    clearTimeout(set?.timer);
    const timer = setTimeout(() => {
      this.#timers.delete(stage);
      void this.looks.get(stage)?.();
    }, afterMs);
    this.#timers.set(stage, { timer, atMs });
  }

  /** One connection serves both stages that ask the chain. */
  #openChain(): ChainDeps {
    if (this.#chainDeps !== undefined) return this.#chainDeps;
    const { options, log } = this.#shared;
    const chain = connectChain({ rpcUrl: options.rpcUrl ?? "" });
    this.#closers.push(() => chain.close());
    this.#chainDeps = { log, chain, policyFor: (chainId) => policyOn(chainId, options.policy) };
    return this.#chainDeps;
  }
}

function openGuard(options: CheckedOptions): Guard {
  return options.guardUrl === undefined ? openFileGuard(options.guardDir ?? "") : openPostgresGuard(options.guardUrl);
}

/** Deriving a key takes longer than signing. */
function keepSigners(seed: Uint8Array): (originLine: string) => NoteSigner {
  const signers = new Map<string, NoteSigner>();
  return (line) => {
    const signer = signers.get(line) ?? signerFromSeed(line, seed);
    signers.set(line, signer);
    return signer;
  };
}

function defaultFinality(chainId: bigint): Finality {
  return isDevelopmentChain(chainId)
    ? { kind: "confirmations", count: DEVELOPMENT_CONFIRMATIONS }
    : { kind: "finalized" };
}
