import { type Bytes, LedgerError, randomBytes } from "@eventchain/core";
import type { CheckpointStore, EventStore } from "@eventchain/store";
import type { Gate } from "../open-gate.ts";
import type { LedgerEvent } from "../types.ts";
import { aborted } from "../watch-value.ts";
import { checkSubscription, placeOf, type SubscriptionPlan } from "./check-subscription.ts";
import { expectThere, type FollowDeps, type Following, followEvents, readsAll } from "./follow-events.ts";
import { type KeptPlace, keepPlace } from "./keep-place.ts";
import type { SubscribeOptions, Subscription } from "./types.ts";
import { watchGiven, watchPositions } from "./watch-lag.ts";

export interface SubscriptionDeps extends FollowDeps {
  store: Pick<EventStore, "readAll" | "hashAt" | "head">;
  checkpoints: CheckpointStore;
  /** What each step goes through; a step that waits ends where it closes. */
  gate: Pick<Gate, "run" | "closing">;
  /** Default: the platform's. */
  random?: ((length: number) => Bytes) | undefined;
}

type Step = IteratorResult<LedgerEvent, void>;

const DONE: Step = { done: true, value: undefined };

/**
 * States: open → ended, by `return`, an error, the signal or the gate. Each step is a verb of the connection's, so that a
 * subscription that nobody goes on with holds nothing up. What is wrong with the options is thrown by the call.
 */
export function openSubscription(deps: SubscriptionDeps, options: SubscribeOptions = {}): Subscription {
  const { gate, random = randomBytes } = deps;
  const plan = checkSubscription(options);
  const kept = plan.checkpoint === undefined ? undefined : keepPlace(deps, plan.checkpoint, random(16));
  const lag = (readsAll(plan, deps.scope) ? watchPositions : watchGiven)(plan.readAhead);
  const ending = new AbortController();
  const pending = new Set<(error: unknown) => void>();
  let ended = false;
  let returned = false;
  let lastGiven = 0n;

  const events = followEvents(deps, {
    plan,
    ...beginner(deps, plan, kept, ending.signal),
    lag,
    signal: ending.signal,
  });

  function end(): void {
    if (ended) return;
    ended = true;
    ending.abort();
    void events.return().catch(() => undefined);
  }
  function giveUp(reason: unknown): LedgerError {
    const error = aborted("the subscription", reason);
    end();
    for (const reject of pending) reject(error);
    return error;
  }
  const onAbort = (): void => void giveUp(plan.signal?.reason);
  const onClose = (): void => void giveUp(gate.closing.reason);
  /** Listened to while a step waits only: a subscription that nobody goes on with is nobody's to keep. */
  function listen(change: "addEventListener" | "removeEventListener"): void {
    if (pending.size > 0) return;
    plan.signal?.[change]("abort", onAbort);
    gate.closing[change]("abort", onClose);
  }

  async function step(): Promise<Step> {
    if (ended) return DONE;
    if (plan.signal?.aborted === true) throw giveUp(plan.signal.reason);
    const { promise, resolve, reject } = Promise.withResolvers<Step>();
    listen("addEventListener");
    pending.add(reject);
    events.next().then(resolve, reject);
    try {
      const given = await promise;
      if (given.done === true) return DONE;
      lastGiven = given.value.position;
      return given;
    } catch (error) {
      // Given up by `return`: the end, not a failure.
      if (returned) return DONE;
      end();
      throw error;
    } finally {
      pending.delete(reject);
      listen("removeEventListener");
    }
  }

  async function giveBack(): Promise<Step> {
    returned = true;
    end();
    await events.return();
    return DONE;
  }

  async function checkpoint(event: LedgerEvent): Promise<void> {
    if (kept === undefined)
      throw new LedgerError("invalid-argument", "this subscription has no name: give subscribe the option checkpoint");
    const cursor = placeOf(event ?? {}, "the event");
    if (cursor.position < 1n || cursor.position > lastGiven)
      throw new LedgerError("invalid-argument", `the subscription has not given position ${cursor.position} yet`, {
        values: { position: cursor.position },
      });
    await kept.keep(cursor);
  }

  const subscription: Subscription = {
    next: () => gate.run(step),
    return: giveBack,
    checkpoint: (event) => gate.run(() => checkpoint(event)),
    get isLive() {
      return lag.isLive;
    },
    [Symbol.asyncIterator]: () => subscription,
    async [Symbol.asyncDispose]() {
      await giveBack();
    },
  };
  return subscription;
}

/**
 * How a subscription finds where to begin. "now" is the moment of the call: where that look fails, a later one would leave
 * out what was appended meanwhile, so that the failure is the first step's, also one that may pass.
 */
function beginner(
  deps: SubscriptionDeps,
  { from, signal }: SubscriptionPlan,
  kept: KeptPlace | undefined,
  ending: AbortSignal,
): Pick<Following, "begin" | "isFinal"> {
  // One that is aborted already has no first step to tell.
  const isNow = from === "now" && signal?.aborted !== true;
  const now = isNow ? deps.gate.run(() => deps.store.head(deps.ledgerId)) : undefined;
  let missed: unknown;
  now?.catch((error: unknown) => {
    missed = error;
  });
  return {
    async begin() {
      const stored = await kept?.load();
      if (now !== undefined) return now;
      const given = from === "now" ? undefined : from;
      const place = given ?? stored ?? { position: 0n, hash: undefined };
      await expectThere(deps, place, ending);
      return place;
    },
    isFinal: (error) => error === missed,
  };
}
