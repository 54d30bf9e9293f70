import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planViews, type Relation } from "./plan-views.ts";

function relation(name: string, columns: readonly string[], parts: Partial<Relation> = {}): Relation {
  return {
    name,
    kind: "r",
    comment: null,
    columns: columns.map((column) => {
      const [title = "", type = "int"] = column.split(" ");
      return { name: title, type, collation: "0", comment: null };
    }),
    grants: [],
    sources: [],
    ...parts,
  };
}

const view = (name: string, columns: readonly string[], ...sources: string[]): Relation =>
  relation(name, columns, { kind: "v", sources });

const changesOf = (existing: Relation[], fresh: Relation[], oldSchema?: string): unknown => {
  const plan = planViews(existing, fresh, oldSchema);
  return plan.kind === "taken"
    ? plan.name
    : plan.changes.map((change) => [change.change, "to" in change ? change.to.name : change.from.name]);
};

describe("a view is", () => {
  test("made where there is none of its name", () => {
    expect(changesOf([], [relation("a", ["x"])])).toEqual([["make", "a"]]);
  });
  test("replaced where its columns stay, and more come after them", () => {
    expect(changesOf([view("a", ["x"], "old")], [relation("a", ["x", "y"])], "old")).toEqual([["replace", "a"]]);
  });
  test.each([
    ["are fewer", ["x"]],
    ["have other names", ["z", "y"]],
    ["have other types", ["x text", "y"]],
    ["are in another order", ["y", "x"]],
  ])("made anew where its columns %s", (_how, columns) => {
    expect(changesOf([view("a", ["x", "y"], "old")], [relation("a", columns)], "old")).toEqual([["remake", "a"]]);
  });
  test("dropped where the old build had its table and the new one has not", () => {
    expect(changesOf([view("a", ["x"], "old"), view("b", ["x"], "old")], [relation("b", ["x"])], "old")).toEqual([
      ["replace", "b"],
      ["drop", "a"],
    ]);
  });
  test("left alone where it is somebody else's", () => {
    expect(changesOf([view("b", ["x"], "other"), relation("c", ["x"])], [relation("a", ["x"])], "old")).toEqual([
      ["make", "a"],
    ]);
  });
});

test("a name that is somebody else's is taken", () => {
  expect(changesOf([view("a", ["x"], "other")], [relation("a", ["x"])], "old")).toBe("a");
  expect(changesOf([relation("a", ["x"])], [relation("a", ["x"])], "old")).toBe("a");
  expect(changesOf([view("a", ["x"], "old")], [relation("a", ["x"])])).toBe("a");
});

test("after a plan's changes there is a view for each table of the new build, and no other of its own", () => {
  const columns = fc.uniqueArray(fc.constantFrom("x", "y", "z text"), { maxLength: 3 });
  const relations = fc
    .uniqueArray(fc.constantFrom("a", "b", "c", "d"), { maxLength: 4 })
    .chain((names) => fc.tuple(...names.map((name) => columns.map((list) => ({ name, list })))));
  fc.assert(
    fc.property(relations, relations, (before, after) => {
      const plan = planViews(
        before.map(({ name, list }) => view(name, list, "old")),
        after.map(({ name, list }) => relation(name, list)),
        "old",
      );
      if (plan.kind === "taken") return false;
      const names = new Set<string>(before.map(({ name }) => name));
      for (const change of plan.changes) {
        if (change.change === "drop") names.delete(change.from.name);
        else names.add(change.to.name);
      }
      return (
        [...names].sort().join() ===
        after
          .map(({ name }) => name)
          .sort()
          .join()
      );
    }),
  );
});
