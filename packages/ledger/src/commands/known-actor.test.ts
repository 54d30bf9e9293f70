import { expect, test } from "vitest";
import { knownActor } from "./known-actor.ts";

test("a text is an actor's id; nothing is left out", () => {
  expect(knownActor("ada")).toEqual({ id: "ada", roles: [], claims: {} });
});

test("plain claims are a frozen copy at any depth", () => {
  const claims = { of: { branches: ["north"] }, n: 1 };
  const roles = ["agent"];
  const actor = knownActor({ id: "ada", roles, claims });
  claims.of.branches.push("south");
  roles.push("boss");
  expect(actor).toEqual({ id: "ada", roles: ["agent"], claims: { of: { branches: ["north"] }, n: 1 } });
  expect(() => (actor.claims.of as { branches: string[] }).branches.push("south")).toThrow(TypeError);
});

test("claims that are no plain data are kept as they are", () => {
  const claims = { may: () => true, since: new Date(0), tenants: new Map([["a", {}]]) };
  const kept = knownActor({ id: "ada", claims }).claims;
  expect([kept.may, kept.since, kept.tenants]).toEqual([claims.may, claims.since, claims.tenants]);
  expect(kept.tenants).toBe(claims.tenants);
});

test("claims may hold themselves, and a key named __proto__", () => {
  const claims: Record<string, unknown> = JSON.parse('{"__proto__":{"admin":true}}');
  claims.self = claims;
  const kept = knownActor({ id: "ada", claims }).claims;
  expect(kept.self).toBe(kept);
  expect(kept.admin).toBeUndefined();
  expect(Object.keys(kept)).toEqual(["__proto__", "self"]);
});
