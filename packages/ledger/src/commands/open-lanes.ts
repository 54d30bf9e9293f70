/**
 * Puts commands in order. A lane takes those with the same elements: streams, or sets of tags, whatever the types and the
 * models. Each element has a queue of lanes, and a lane's turn comes when it is the first of all its queues; so no two
 * lanes that share an element are ever decided at the same time in one process, and lanes that share none do not wait for
 * each other. A lane joins all its queues at once, so that no two wait for each other either.
 *
 * A lane is idle (no job), waiting (in its queues), running (first of them, with a batch of its jobs on its way) or
 * resting (out of them, before those of its jobs are decided again that lost to somebody else).
 */
export interface Lanes<Job> {
  /** The job is taken at the end of the turn, or as soon as its lane's turn comes. */
  add(elements: readonly string[], job: Job): void;
  /** Takes a job out that has not been taken into a batch; false where it has. */
  remove(elements: readonly string[], job: Job): boolean;
}

/** What is left of a batch. */
export interface Remainder<Job> {
  /** Jobs to decide again, in their order. They go before those that came since. */
  again: readonly Job[];
  /** How long the lane rests first; 0: it joins its queues at once. */
  restMs: number;
}

/** A lane that is running, and what has come for it since. */
export interface Turn<Job> {
  /** How many jobs are waiting. */
  waiting(): number;
  /** Takes the first of them, no more than a batch has. None while another lane waits for an element of this one. */
  take(): Job[];
  /** Puts jobs that were taken last back, before those that wait. */
  giveBack(jobs: readonly Job[]): void;
  /** Called at the end of each turn of the event loop in which jobs have come. */
  onJobs: (() => void) | undefined;
}

interface Lane<Job> {
  key: string;
  elements: readonly string[];
  waiting: Job[];
  state: "idle" | "waiting" | "running" | "resting";
  /** Of the turn that is running. */
  turn: Turn<Job> | undefined;
  told: boolean;
}

export interface LanesOptions<Job> {
  maxBatch: number;
  /** Settles each job, and each that it takes in this turn, or gives it back. Never rejects. */
  run: (jobs: Job[], turn: Turn<Job>) => Promise<Remainder<Job>>;
  pause: (delayMs: number) => Promise<unknown>;
}

export function openLanes<Job>({ maxBatch, run, pause }: LanesOptions<Job>): Lanes<Job> {
  const lanes = new Map<string, Lane<Job>>();
  const queues = new Map<string, Lane<Job>[]>();

  function join(lane: Lane<Job>): void {
    lane.state = "waiting";
    for (const element of lane.elements) {
      const queue = queues.get(element);
      if (queue === undefined) queues.set(element, [lane]);
      else queue.push(lane);
    }
    startIfFirst(lane);
  }

  function startIfFirst(lane: Lane<Job>): void {
    if (lane.state !== "waiting" || lane.elements.some((element) => queues.get(element)?.[0] !== lane)) return;
    lane.state = "running";
    // At the end of the turn: whoever is woken by the same outcomes joins before the batch is taken.
    process.nextTick(start, lane);
  }

  function start(lane: Lane<Job>): void {
    const jobs = lane.waiting.splice(0, maxBatch);
    if (jobs.length === 0) {
      finish(lane, { again: [], restMs: 0 });
      return;
    }
    const turn = openTurn(lane);
    lane.turn = turn;
    void run(jobs, turn).then((remainder) => finish(lane, remainder));
  }

  function openTurn(lane: Lane<Job>): Turn<Job> {
    return {
      waiting: () => lane.waiting.length,
      take: () => {
        const isAwaited = lane.elements.some((element) => (queues.get(element)?.length ?? 0) > 1);
        return isAwaited ? [] : lane.waiting.splice(0, maxBatch);
      },
      giveBack: (jobs) => void lane.waiting.unshift(...jobs),
      onJobs: undefined,
    };
  }

  /** At the end of the turn, as jobs that are woken by the same outcomes come one by one. */
  function tell(lane: Lane<Job>): void {
    if (lane.told || lane.turn?.onJobs === undefined) return;
    lane.told = true;
    process.nextTick(() => {
      lane.told = false;
      lane.turn?.onJobs?.();
    });
  }

  function finish(lane: Lane<Job>, { again, restMs }: Remainder<Job>): void {
    lane.turn = undefined;
    lane.waiting.unshift(...again);
    for (const element of lane.elements) {
      const queue = queues.get(element) ?? [];
      queue.shift();
      if (queue.length === 0) queues.delete(element);
    }
    const next = new Set(lane.elements.flatMap((element) => queues.get(element)?.[0] ?? []));
    if (restMs > 0) {
      lane.state = "resting";
      void pause(restMs).then(() => settle(lane));
    } else {
      // At the back: lanes that share an element with it had to wait for it.
      settle(lane);
    }
    for (const each of next) startIfFirst(each);
  }

  function settle(lane: Lane<Job>): void {
    if (lane.waiting.length > 0) {
      join(lane);
      return;
    }
    lane.state = "idle";
    lanes.delete(lane.key);
  }

  return {
    add(given, job) {
      const elements = [...new Set(given)].sort();
      const key = JSON.stringify(elements);
      let lane = lanes.get(key);
      if (lane === undefined) {
        lane = { key, elements, waiting: [], state: "idle", turn: undefined, told: false };
        lanes.set(key, lane);
      }
      lane.waiting.push(job);
      if (lane.state === "idle") join(lane);
      else tell(lane);
    },
    remove(given, job) {
      const waiting = lanes.get(JSON.stringify([...new Set(given)].sort()))?.waiting;
      const at = waiting?.indexOf(job) ?? -1;
      if (waiting === undefined || at < 0) return false;
      // A lane without jobs goes when its turn comes.
      waiting.splice(at, 1);
      return true;
    },
  };
}
