import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { freezeDeep } from "./freeze-deep.ts";

test("plain objects and arrays are frozen at any depth, and given back", () => {
  const value = { list: [{ n: 1 }], bare: Object.assign(Object.create(null), { deep: [[]] }) };
  expect(freezeDeep(value)).toBe(value);
  const parts = [value, value.list, value.list[0], value.bare, value.bare.deep, value.bare.deep[0]];
  expect(parts.every(Object.isFrozen)).toBe(true);
});

test("what is frozen at its top alone is frozen within", () => {
  const value = Object.freeze({ list: [1] });
  expect(Object.isFrozen(freezeDeep(value).list)).toBe(true);
});

test("what is new is frozen beside what was kept, and in another place than before", () => {
  const before = freezeDeep({ kept: { list: [1] }, moved: { list: [2] } });
  const value = { kept: before.kept, elsewhere: [before.moved], added: { list: [3] } };
  freezeDeep(value, before);
  expect([value, value.elsewhere, value.elsewhere[0]?.list, value.added.list].every(Object.isFrozen)).toBe(true);
});

test("what is kept of a value that is not frozen is frozen", () => {
  const before = { list: [1] };
  expect(Object.isFrozen(freezeDeep({ list: before.list }, before).list)).toBe(true);
});

test("an object of another realm is frozen", () => {
  const value: { list: number[] } = runInNewContext("({ list: [1] })");
  expect(Object.isFrozen(freezeDeep(value).list)).toBe(true);
});

test("what is no plain object is left as it is, with what it holds", () => {
  class Money {
    parts = [1];
  }
  const parts = {
    money: new Money(),
    map: new Map([["a", {}]]),
    set: new Set([1]),
    date: new Date(0),
    bytes: new Uint8Array(2),
  };
  freezeDeep(parts);
  expect(Object.values(parts).some(Object.isFrozen)).toBe(false);
  expect(Object.isFrozen(parts.money.parts) || Object.isFrozen(parts.map.get("a"))).toBe(false);
});

test("an object may hold itself", () => {
  const value: { self?: unknown; list: number[] } = { list: [] };
  value.self = value;
  expect(Object.isFrozen(freezeDeep(value).list)).toBe(true);
});

test.each([[undefined], [null], [1n], ["text"]])("%s is given back", (value) => {
  expect(freezeDeep(value)).toBe(value);
});
