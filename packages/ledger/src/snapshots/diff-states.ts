import { isDeepStrictEqual } from "node:util";
import { isPlainObject } from "../check-keys.ts";
import type { StateChange } from "./types.ts";

type Step = string | number;

/**
 * What differs between two states, in the order of the paths' keys: in what is an object on both sides by its keys, in what
 * is a list on both sides by its indices; all else as a whole. Made one after the other, the last index of a list that
 * became shorter first, the changes turn `before` into `after`.
 */
export function diffStates(before: unknown, after: unknown): StateChange[] {
  const changes: StateChange[] = [];
  collect(before, after, [], changes);
  return changes;
}

function collect(before: unknown, after: unknown, path: Step[], changes: StateChange[]): void {
  if (Object.is(before, after)) return;
  if (Array.isArray(before) && Array.isArray(after)) collectItems(before, after, path, changes);
  else if (isPlainObject(before) && isPlainObject(after)) collectKeys(before, after, path, changes);
  else if (!isDeepStrictEqual(before, after)) changes.push({ path: pathOf(path), before, after });
}

function collectItems(
  before: readonly unknown[],
  after: readonly unknown[],
  path: Step[],
  changes: StateChange[],
): void {
  const shared = Math.min(before.length, after.length);
  for (let index = 0; index < shared; index += 1) collectAt(before[index], after[index], index, path, changes);
  for (let index = shared; index < after.length; index += 1)
    changes.push({ path: pathOf([...path, index]), after: after[index] });
  for (let index = before.length - 1; index >= shared; index -= 1)
    changes.push({ path: pathOf([...path, index]), before: before[index] });
}

function collectKeys(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
  path: Step[],
  changes: StateChange[],
): void {
  for (const key of [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()) {
    if (!Object.hasOwn(before, key)) changes.push({ path: pathOf([...path, key]), after: after[key] });
    else if (!Object.hasOwn(after, key)) changes.push({ path: pathOf([...path, key]), before: before[key] });
    else collectAt(before[key], after[key], key, path, changes);
  }
}

function collectAt(before: unknown, after: unknown, step: Step, path: Step[], changes: StateChange[]): void {
  path.push(step);
  collect(before, after, path, changes);
  path.pop();
}

/** As errors name a path, but whole: no key is cut. */
function pathOf(steps: readonly Step[]): string {
  let path = "$";
  for (const step of steps) {
    if (typeof step === "number") path += `[${step}]`;
    else path += /^[A-Za-z_][A-Za-z0-9_]*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
  }
  return path;
}
