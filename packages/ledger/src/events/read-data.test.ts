import { LedgerError } from "@eventchain/core";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineEvent } from "./define-event.ts";
import type { EventSpec } from "./types.ts";

const schema = z.object({ title: z.string(), priority: z.number().default(1), steps: z.array(z.string()) });
const upcast = {
  1: ({ subject, ...rest }) => ({ ...rest, title: subject }),
  2: (old) => ({ ...old, steps: [...(old.steps as string[]), "two"] }),
  3: (old) => ({ ...old, steps: [...(old.steps as string[]), "three"] }),
} satisfies EventSpec<typeof schema>["upcast"];
const Opened = defineEvent("Opened", { version: 4, schema, upcast });

const stored = (version: number, data: Record<string, unknown> | null) => ({
  type: "Opened",
  schema: version,
  data,
  position: 17n,
});

function failureOf(run: () => unknown): LedgerError {
  try {
    run();
  } catch (error) {
    if (error instanceof LedgerError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("reading", () => {
  test("goes through every upcaster from the stored version on, and fills defaults in", () => {
    expect(Opened.read(stored(1, { subject: "No sound", steps: ["one"] }))).toEqual({
      title: "No sound",
      priority: 1,
      steps: ["one", "two", "three"],
    });
    expect(Opened.read(stored(3, { title: "No sound", steps: [] }))?.steps).toEqual(["three"]);
  });

  test("gives data of the current version as it was stored", () => {
    const data = { title: 1, more: true };
    expect(Opened.read(stored(4, data))).toBe(data);
  });

  test("gives null after erasure", () => {
    expect(Opened.read(stored(1, null))).toBeNull();
  });

  test("leaves the event as it is, also where an upcaster changes what it is given", () => {
    const Changing = defineEvent("Opened", {
      version: 2,
      schema: z.object({ list: z.array(z.number()) }),
      upcast: {
        1: (old) => {
          (old.list as number[]).push(2);
          return old;
        },
      },
    });
    const event = stored(1, { list: [1] });
    expect([Changing.read(event), Changing.read(event)]).toEqual([{ list: [1, 2] }, { list: [1, 2] }]);
    expect(event.data).toEqual({ list: [1] });
  });

  test("refuses an event of another type", () => {
    const error = failureOf(() => Opened.read({ ...stored(1, {}), type: "Closed" }));
    expect(error).toMatchObject({ code: "invalid-argument", values: { type: "Closed", position: 17n } });
  });
});

describe("what cannot be read names type, position and version", () => {
  const fails = (upcasters: EventSpec<typeof schema>["upcast"], event: ReturnType<typeof stored>) => {
    const definition = defineEvent("Opened", { version: 4, schema, upcast: upcasters });
    const error = failureOf(() => definition.read(event));
    expect(error.code).toBe("upcast-failed");
    expect(error.message).toMatch(/^event "Opened" at position 17: its data of version \d /);
    return error;
  };

  test("where an upcaster is missing", () => {
    const error = fails({ 1: upcast[1], 3: upcast[3] }, stored(1, { subject: "a", steps: [] }));
    expect(error.values).toMatchObject({ type: "Opened", position: 17n, version: 2, stored: 1 });
    expect(error.message).toMatch(/of version 2 has no upcaster: add upcast 2, which makes version 3 of it$/);
  });

  test("where an upcaster throws, with its cause", () => {
    const cause = new TypeError("no steps");
    const broken = () => {
      throw cause;
    };
    const error = fails({ ...upcast, 2: broken }, stored(1, { subject: "a", steps: [] }));
    expect(error).toMatchObject({ cause, values: { version: 2, stored: 1 } });
    expect(error.message).toMatch(/of version 2 could not be upcast: its upcaster threw: no steps$/);
  });

  test.each<[string, unknown]>([
    ["null", null],
    ["a list", []],
    ["nothing", undefined],
    ["a promise", Promise.resolve({})],
  ])("where an upcaster gives %s", (_what, made) => {
    const error = fails({ ...upcast, 3: () => made }, stored(3, { title: "a", steps: [] }));
    expect(error.message).toMatch(/of version 3 could not be upcast: at \$ its upcaster gives no object$/);
    expect(error.values.issues).toEqual([{ path: "$", message: "is not an object" }]);
  });

  test("and path, where the result does not fit", () => {
    const error = fails({ ...upcast, 3: () => ({ title: "a", steps: ["one", 2] }) }, stored(2, { steps: [] }));
    expect(error.values).toMatchObject({ version: 3, stored: 2, issues: [{ path: "$.steps[1]" }] });
    expect(error.message).toContain("of version 3 cannot become version 4: ");
    expect(error.message).toContain("$.steps[1]: ");
  });

  test("where the event is of a newer version than the app", () => {
    const error = fails(upcast, stored(5, {}));
    expect(error.values).toMatchObject({ version: 5 });
    expect(error.message).toMatch(/this app is older than the event, it knows version 4 at most; update the app$/);
  });
});
