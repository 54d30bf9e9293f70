/** Connections on which something was left that the end of a transaction does not take away. */
const retired = new WeakSet<object>();

/** Has a connection closed, not given back to its pool, once its transaction is over. */
export function retireConnection(connection: object): void {
  retired.add(connection);
}

export function isRetired(connection: object): boolean {
  return retired.has(connection);
}
