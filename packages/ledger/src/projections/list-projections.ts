import { compareUtf8 } from "@eventchain/core";
import type { ListedBuild, ProjectionRecord, ProjectionStore } from "@eventchain/store";
import { reasonOf } from "./reason-of.ts";
import { isChanged } from "./rebuild-projection.ts";
import type { Projection, ProjectionStatus } from "./types.ts";

/** How a ledger's projections stand, by name (bytewise): those that its database knows, and those of these definitions. */
export async function listProjections(
  { list }: Pick<ProjectionStore, "list">,
  ledgerId: bigint,
  definitions: readonly Projection[],
): Promise<ProjectionStatus[]> {
  const { headPosition, projections } = await list(ledgerId);
  const known = projections.map((record) =>
    statusOf(
      record,
      headPosition,
      definitions.find(({ name }) => name === record.name),
    ),
  );
  const waiting = definitions.filter(({ name }) => !projections.some((record) => record.name === name));
  return [...known, ...waiting.map(({ name }) => unbuilt(name, headPosition))].sort((one, other) =>
    compareUtf8(one.name, other.name),
  );
}

function statusOf(
  { name, enabled, live, building, retired }: ProjectionRecord,
  headPosition: bigint,
  definition: Projection | undefined,
): ProjectionStatus {
  const first = live ?? building;
  const reason = first === null ? null : reasonOf(first);
  const position = live?.position ?? 0n;
  return {
    name,
    version: live?.version ?? null,
    state: !enabled ? "off" : reason !== null ? "stopped" : live === null ? "waiting" : "live",
    position,
    behind: headPosition > position ? headPosition - position : 0n,
    reason,
    deadLetters: first?.deadLetters ?? 0n,
    changed: definition !== undefined && live !== null && isChanged(definition, live),
    building:
      building === null ? null : { version: building.version, position: building.position, reason: waitOf(building) },
    retired: retired.map(({ version, putOff }) => ({ version, reason: putOff })),
  };
}

function waitOf(build: ListedBuild): string | null {
  const reason = reasonOf(build);
  return reason === null && build.putOff !== null ? `its swap is put off: ${build.putOff}` : reason;
}

function unbuilt(name: string, headPosition: bigint): ProjectionStatus {
  return {
    name,
    version: null,
    state: "waiting",
    position: 0n,
    behind: headPosition,
    reason: null,
    deadLetters: 0n,
    changed: false,
    building: null,
    retired: [],
  };
}
