/** What a handler, or one of its statements, did not end in time with. It may still be running. */
export class HandlerTimeout extends Error {
  constructor(timeoutMs: number) {
    super(`did not end within ${timeoutMs} ms`);
  }
}

/** Waits for what a handler gives, so many milliseconds at most. Errors: HandlerTimeout; the handler's own. */
export async function withinTime<T>(given: T, timeoutMs: number): Promise<Awaited<T>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new HandlerTimeout(timeoutMs)), timeoutMs);
  });
  try {
    return await Promise.race([given, late]);
  } finally {
    clearTimeout(timer);
  }
}
