import { LedgerError } from "@eventchain/core";
import { describe, expect, test } from "vitest";
import { checkUrl, maskUrl, type ServerKind, withoutSecrets } from "./check-url.ts";

describe("checkUrl", () => {
  test.each<[ServerKind, string, object | undefined]>([
    ["database", "postgres://u:p@db.example/app", { host: "db.example", port: 5432 }],
    ["database", "postgresql://127.0.0.1:54329/app?sslmode=disable", { host: "127.0.0.1", port: 54329 }],
    ["database", "postgres://u@[::1]:6000/app", { host: "::1", port: 6000 }],
    ["database", "postgres:///app?host=/var/run/postgresql", undefined],
    ["database", "postgres://%2Fvar%2Frun%2Fpostgresql/app", undefined],
    ["redis", "redis://:secret@cache:7000/2", { host: "cache", port: 7000 }],
    ["redis", "rediss://cache", { host: "cache", port: 6379 }],
    ["rpc", "http://127.0.0.1:8545", { host: "127.0.0.1", port: 8545 }],
    ["rpc", "https://node.example/v3/key", { host: "node.example", port: 443 }],
  ])("takes a %s URL %s", (kind, text, address) => {
    expect(checkUrl(kind, { text, source: "--x" })).toEqual(address);
  });

  test.each<[ServerKind, string, RegExp]>([
    ["database", "", /is empty/],
    ["database", "localhost:5432/app", /is not a URL/],
    ["database", "mysql://u:hush@host/app", /must begin with postgres:\/\/ or postgresql:\/\//],
    ["database", "postgres:///app", /has no host/],
    ["database", "postgres://u:hush@/app", /has no host/],
    ["database", "postgres://u:hush@host:99999/app", /well-formed/],
    ["redis", "http://host", /must begin with redis:\/\//],
    ["rpc", "ws://host:8545", /must begin with http:\/\/ or https:\/\//],
    ["rpc", "http://", /has no host/],
  ])("refuses a %s URL %j and says how to write it", (kind, text, reason) => {
    const refusal = caught(() => checkUrl(kind, { text, source: "DATABASE_URL" }));
    expect(refusal.code).toBe("config-invalid");
    expect(refusal.message).toMatch(/^DATABASE_URL /);
    expect(refusal.message).toMatch(reason);
    expect(refusal.message).toMatch(/write it like /);
    expect(JSON.stringify(refusal)).not.toContain("hush");
  });
});

describe("maskUrl", () => {
  test.each<[ServerKind, string, string]>([
    ["database", "postgres://u:hush@host/app", "postgres://u:***@host/app"],
    ["database", "postgres://u:hu/sh@with@host/app", "postgres://u:***@host/app"],
    [
      "database",
      "postgres://host/app?user=u&password=hush&sslmode=require",
      "postgres://host/app?user=u&password=***&sslmode=require",
    ],
    ["database", "postgres://host/app", "postgres://host/app"],
    ["redis", "redis://:hush@host:1", "redis://:***@host:1"],
    ["rpc", "https://node.example/v3/hush", "https://node.example/***"],
    ["rpc", "https://node.example?key=hush", "https://node.example/***"],
    ["rpc", "http://127.0.0.1:8545/", "http://127.0.0.1:8545"],
  ])("%s %s", (kind, text, masked) => {
    expect(maskUrl(kind, text)).toBe(masked);
  });
});

describe("withoutSecrets", () => {
  test.each<[ServerKind, string, string]>([
    ["database", "postgres://u:hush@host:1/app?sslmode=require", "postgres://u@host:1/app?sslmode=require"],
    ["database", "postgres://host/app?password=hush", "postgres://host/app"],
    ["database", "postgres://host/app?password=hush&user=u", "postgres://host/app?user=u"],
    ["redis", "redis://:hush@host:1/2", "redis://host:1/2"],
    ["rpc", "https://u:hush@node.example:8/v3/hush?key=hush", "https://u@node.example:8"],
    ["rpc", "http://127.0.0.1:8545", "http://127.0.0.1:8545"],
  ])("%s %s", (kind, text, bare) => {
    expect(withoutSecrets(kind, text)).toBe(bare);
  });
});

function caught(run: () => unknown): LedgerError {
  try {
    run();
  } catch (error) {
    if (error instanceof LedgerError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
