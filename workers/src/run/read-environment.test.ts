import { describe, expect, it } from "vitest";
import { checkOptions } from "./options.ts";
import { readEnvironment } from "./read-environment.ts";

const logger = (): void => undefined;
const least = {
  DATABASE_URL: "postgres://127.0.0.1/x",
  RPC_URL: "http://127.0.0.1:8545",
  SEAL_KEY_FILE: "seal.key",
  ANCHOR_KEY_FILE: "anchor.key",
};

describe("the workers' environment", () => {
  it("needs little, and takes empty variables as not set", () => {
    const options = checkOptions(readEnvironment({ ...least, REDIS_URL: "", GUARD_URL: "", FINALITY: "" }, logger));
    expect(options).toMatchObject({ roles: ["seal", "anchor", "finalise"], guardDir: ".eventchain/guard", policy: {} });
    expect(options.finality).toBeUndefined();
    expect(options.redisUrl).toBeUndefined();
  });

  it("takes up an app's roles with its config", () => {
    const options = checkOptions(readEnvironment({ ...least, CONFIG: "eventchain.config.ts" }, logger));
    expect(options.configFile).toBe("eventchain.config.ts");
    expect(options.roles).toEqual(["seal", "anchor", "finalise", "project", "react", "snapshot"]);
  });

  it("asks the handlers' roles for neither keys nor a chain", () => {
    const { DATABASE_URL } = least;
    const env = { DATABASE_URL, CONFIG: "eventchain.config.ts", ROLES: "project,react,snapshot" };
    expect(checkOptions(readEnvironment(env, logger)).roles).toEqual(["project", "react", "snapshot"]);
  });

  it("reads whose handlers run, for the handlers' roles only", () => {
    const { DATABASE_URL } = least;
    const env = { ...least, CONFIG: "eventchain.config.ts", LEDGERS: "a.test, b.test" };
    expect(checkOptions(readEnvironment({ ...env, ROLES: "react" }, logger)).ledgers).toEqual(["a.test", "b.test"]);
    for (const ROLES of ["", "project,seal"])
      expect(() => checkOptions(readEnvironment({ ...env, ROLES }, logger))).toThrow(
        "ledgers: picks whose handlers run, and the role seal serves all ledgers: name the roles project, react, snapshot",
      );
    expect(() => checkOptions({ databaseUrl: DATABASE_URL, configFile: "x", roles: ["react"], ledgers: [] })).toThrow(
      "ledgers",
    );
  });

  it("reads roles, finality and policy", () => {
    const env = { ...least, ROLES: "anchor, finalise", FINALITY: "12", ANCHOR_DAILY_BUDGET_WEI: "1000000000000000000" };
    expect(checkOptions(readEnvironment(env, logger))).toMatchObject({
      roles: ["anchor", "finalise"],
      finality: { kind: "confirmations", count: 12 },
      policy: { dailyBudgetWei: 10n ** 18n },
    });
    expect(readEnvironment({ ...least, FINALITY: "finalized" }, logger).finality).toEqual({ kind: "finalized" });
  });

  it.each([
    [{ ...least, DATABASE_URL: undefined }, "DATABASE_URL"],
    [{ ...least, FINALITY: "soon" }, "finality"],
    [{ ...least, ROLES: "seal,dance" }, "roles"],
    [{ ...least, ROLES: "react" }, "configFile: is needed for the role react"],
    [{ ...least, ANCHOR_MIN_INTERVAL_MS: "1 min" }, "policy.minIntervalMs"],
    [{ ...least, REDIS_URL: "http://127.0.0.1" }, "redisUrl"],
    [{ ...least, SEAL_KEY_FILE: "" }, "sealKeyFile"],
  ])("says what is wrong with it: %#", (env, named) => {
    const check = (): unknown => checkOptions(readEnvironment(env, logger));
    expect(check).toThrow(named);
  });
});
