import { LedgerError } from "@eventchain/core";
import pg from "pg";
import { describe, expect, test } from "vitest";
import { isConnectionLoss, mapDatabaseError } from "./map-database-error.ts";
import { openPostgresStore } from "./open-postgres-store.ts";

const withCode = (code: string, message = "said so"): Error => Object.assign(new Error(message), { code });

describe("mapDatabaseError", () => {
  test.each([
    ["ECONNREFUSED", "database-unavailable", true],
    ["ENOTFOUND", "database-unavailable", true],
    ["ECONNRESET", "database-unavailable", true],
    ["EPIPE", "database-unavailable", true],
    ["08006", "database-unavailable", true],
    ["57P01", "database-unavailable", true],
    ["57P03", "database-unavailable", true],
    ["53300", "database-unavailable", true],
    ["25006", "database-unavailable", true],
    ["28P01", "database-refused", false],
    ["3D000", "database-refused", false],
    ["42501", "database-refused", false],
    ["42P01", "not-migrated", false],
    ["42883", "not-migrated", false],
    ["57014", "timeout", true],
    ["55P03", "timeout", true],
    ["40P01", "database-failed", true],
    ["23505", "database-failed", false],
    ["54001", "database-failed", false],
    ["XX000", "database-failed", false],
  ])("%s is %s", (code, expected, retryable) => {
    const mapped = mapDatabaseError(withCode(code));
    expect(mapped).toMatchObject({ code: expected, retryable });
    expect(mapped.message).toContain("said so");
    expect(mapped.values).toEqual(/^E/.test(code) ? {} : { sqlState: code });
    expect(isConnectionLoss(mapped)).toBe(expected === "database-unavailable");
  });

  test("knows the driver's words for a lost connection", () => {
    for (const message of [
      "Connection terminated unexpectedly",
      "Connection terminated",
      "Query read timeout",
      "timeout exceeded when trying to connect",
    ]) {
      expect(mapDatabaseError(new Error(message))).toMatchObject({ code: "database-unavailable", retryable: true });
    }
  });

  test("takes the first of several addresses' failures", () => {
    const error = Object.assign(new AggregateError([withCode("ECONNREFUSED", "::1"), withCode("ECONNREFUSED")]), {
      code: "ECONNREFUSED",
    });
    expect(mapDatabaseError(error)).toMatchObject({
      code: "database-unavailable",
      message: expect.stringContaining("::1"),
    });
  });

  test("returns a LedgerError as it is, and takes anything else that was thrown", () => {
    const error = new LedgerError("not-found", "x");
    expect(mapDatabaseError(error)).toBe(error);
    expect(mapDatabaseError("text")).toMatchObject({ code: "database-failed" });
    expect(mapDatabaseError(undefined)).toMatchObject({ code: "database-failed" });
  });

  test("never shows a password", async () => {
    for (const text of [
      "postgres://ada:s3cret@host/db",
      "host=h password=s3cret user=ada",
      "postgresql://:s3cret@host",
    ]) {
      expect(mapDatabaseError(new Error(`cannot use ${text}`)).message).not.toContain("s3cret");
    }
    for (const connectionString of [
      "postgres://ada:s3cret@host:port/db",
      "postgres://ada:s3cret@127.0.0.1:1/db",
      "postgres://%:s3cret@/",
    ]) {
      const store = openPostgresStore({ connectionString });
      const error = await store.listLedgers().catch((failure: unknown) => failure);
      expect(error).toBeInstanceOf(LedgerError);
      const mapped = error as LedgerError;
      expect(
        `${mapped.message} ${JSON.stringify(mapped)} ${String((mapped.cause as Error | undefined)?.message)}`,
      ).not.toContain("s3cret");
      expect(JSON.stringify(mapped.cause ?? null)).not.toContain("s3cret");
      await store.close();
    }
  });

  test("says that a closed pool is closed", async () => {
    const pool = new pg.Pool({ connectionString: "postgres://127.0.0.1:1/db" });
    await pool.end();
    await expect(openPostgresStore({ pool }).listLedgers()).rejects.toMatchObject({ code: "database-failed" });
  });
});
