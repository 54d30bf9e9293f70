/** Enough to fill the next groups while one commits. */
const MAX_IN_FLIGHT = 1_200;
const MAX_BYTES_IN_FLIGHT = 16 * 2 ** 20;

/**
 * Starts sending items in their order, many at a time; waits for the oldest where many, or many bytes, are on their way.
 * After a failure none is started any more; what is on its way is waited for.
 * Errors: the oldest failure, or what the items fail with.
 */
export async function sendInOrder<T extends { readonly bytes: number }>(
  items: AsyncIterable<T>,
  send: (item: T) => Promise<void>,
): Promise<void> {
  const underWay: { sent: Promise<{ error: unknown } | undefined>; bytes: number }[] = [];
  let bytesUnderWay = 0;
  let failure: { error: unknown } | undefined;
  const settleOldest = async (): Promise<void> => {
    const oldest = underWay.shift();
    if (oldest === undefined) return;
    bytesUnderWay -= oldest.bytes;
    const failed = await oldest.sent;
    failure ??= failed;
  };
  try {
    for await (const item of items) {
      const sent = send(item).then(
        () => undefined,
        (error: unknown) => ({ error }),
      );
      underWay.push({ sent, bytes: item.bytes });
      bytesUnderWay += item.bytes;
      while (underWay.length >= MAX_IN_FLIGHT || bytesUnderWay >= MAX_BYTES_IN_FLIGHT) await settleOldest();
      if (failure !== undefined) break;
    }
  } finally {
    while (underWay.length > 0) await settleOldest();
  }
  if (failure !== undefined) throw failure.error;
}
