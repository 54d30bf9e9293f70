/**
 * Everything that a value would tell whoever holds it: own properties, enumerable or not, by strings or symbols, an error's
 * name, message, stack and causes, what its `toJSON` gives, keys and values of maps and sets, bytes in hex.
 */
export function tellAll(value: unknown, without: readonly string[] = []): string {
  const told: string[] = [];
  const seen = new Set<object>();
  const tell = (part: unknown): void => {
    if (typeof part !== "object" && typeof part !== "function") {
      told.push(String(part));
      return;
    }
    if (part === null || seen.has(part)) return;
    seen.add(part);
    if (part instanceof Uint8Array) {
      told.push(Buffer.from(part).toString("hex"), Buffer.from(part).toString("latin1"));
      return;
    }
    if (part instanceof Map || part instanceof Set) for (const entry of part) tell(entry);
    if (part instanceof Error) told.push(part.name, part.message, String(part.stack), String(part));
    if ("toJSON" in part && typeof part.toJSON === "function") tell(part.toJSON());
    for (const key of Reflect.ownKeys(part)) {
      if (typeof key === "string" && without.includes(key)) continue;
      told.push(String(key));
      tell(Reflect.get(part, key));
    }
  };
  tell(value);
  return told.join("\n");
}
