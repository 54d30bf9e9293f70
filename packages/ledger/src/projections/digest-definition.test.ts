import { bytesToHex } from "@eventchain/core";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineEvent } from "../events/define-event.ts";
import { defineModel } from "../models/define-model.ts";
import { defineProjection } from "./define-projection.ts";
import { digestDefinition } from "./digest-definition.ts";
import type { Projection } from "./types.ts";

const Opened = defineEvent("Opened", { schema: z.object({}) });
const Closed = defineEvent("Closed", { schema: z.object({}) });
const none = (): void => undefined;
const SCHEMA = "create table t (a int)";
const model = (version: number) => defineModel("m", { version, initial: () => ({}) }).on(Opened, (state) => state);
const digest = (projection: Projection): string => bytesToHex(digestDefinition(projection));
const base = digest(defineProjection("p", { schema: SCHEMA }).on(Opened, none));

describe("the digest of a definition is another one", () => {
  test.each<[string, Projection]>([
    ["for other tables", defineProjection("p", { schema: "create table t (a text)" }).on(Opened, none)],
    ["for other events", defineProjection("p", { schema: SCHEMA }).on(Closed, none)],
    ["for more events", defineProjection("p", { schema: SCHEMA }).on(Opened, none).on(Closed, none)],
    ["in another mode", defineProjection("p", { schema: SCHEMA, mode: "inline" }).on(Opened, none)],
    ["for other streams", defineProjection("p", { schema: SCHEMA, where: { streams: ["a"] } }).on(Opened, none)],
    ["for other tags", defineProjection("p", { schema: SCHEMA, where: { tags: ["a"] } }).on(Opened, none)],
  ])("%s", (_what, projection) => {
    expect(digest(projection)).not.toBe(base);
  });
  test("for another version of its model", () => {
    const [one, other] = [1, 2].map((version) => digest(defineProjection("p", { model: model(version) })));
    expect(one).not.toBe(other);
  });
});

describe("the digest of a definition is the same", () => {
  test.each<[string, Projection]>([
    [
      "for another layout of its SQL",
      defineProjection("p", { schema: `\n  create table t\n    (a int) ` }).on(Opened, none),
    ],
    ["for another handler's code", defineProjection("p", { schema: SCHEMA }).on(Opened, () => Promise.resolve())],
    [
      "for what is done about errors, and its level",
      defineProjection("p", { schema: SCHEMA, onError: "dead-letter", level: "final" }).on(Opened, none),
    ],
    ["for another description", defineProjection("p", { schema: SCHEMA, describe: "What" }).on(Opened, none)],
  ])("%s", (_what, projection) => {
    expect(digest(projection)).toBe(base);
  });
  test("for another order of events", () => {
    const events = [Opened, Closed];
    const [one, other] = [events, events.toReversed()].map((list) =>
      digest(defineProjection("p", { schema: SCHEMA }).onBatch(list, none)),
    );
    expect(one).toBe(other);
  });
});
