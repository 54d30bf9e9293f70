/** Connections on which something was left that the end of a transaction does not take away. */
const retired = new WeakSet<object>();

/** Has a connection closed, not given back to its pool, once its transaction is over. */
export function retireConnection(connection: object): void {
  retired.add(connection);
}

export function isRetired(connection: object): boolean {
  return retired.has(connection);
}

/** Connections on which a statement still runs that nobody waits for. */
const abandoned = new WeakSet<object>();

/** Has a connection closed without a rollback, which would wait in its turn. */
export function abandonConnection(connection: object): void {
  abandoned.add(connection);
}

export function isAbandoned(connection: object): boolean {
  return abandoned.has(connection);
}
