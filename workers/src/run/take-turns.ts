/** What to look at: some ledgers, or all that are due. */
export type Request = ReadonlySet<bigint> | "all";

/**
 * One run of a stage at a time in this process. Requests that come while one runs are gathered into one more run after
 * it, so that ten hints cost one look; each caller waits for the run that began after its request.
 */
export function takeTurns(run: (request: Request) => Promise<void>): (ledgerId?: bigint) => Promise<void> {
  let running: Promise<void> | undefined;
  let gathered: Set<bigint> | "all" | undefined;
  let next: Promise<void> | undefined;

  const begin = (): Promise<void> => {
    const request = gathered ?? "all";
    gathered = undefined;
    next = undefined;
    const turn = run(request).finally(() => {
      running = undefined;
    });
    running = turn;
    return turn;
  };

  return (ledgerId) => {
    if (ledgerId === undefined) gathered = "all";
    else if (gathered !== "all") gathered = (gathered ?? new Set()).add(ledgerId);
    if (running === undefined && next === undefined) return begin();
    next ??= (running ?? Promise.resolve()).catch(() => undefined).then(begin);
    return next;
  };
}
