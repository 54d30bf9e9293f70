import { projectLedger } from "../project.ts";
import { reactLedger } from "../react.ts";
import { snapshotLedger } from "../snapshot.ts";
import type { AppRole, AppStage } from "./types.ts";

const STAGES: Readonly<Record<AppRole, AppStage>> = {
  project: projectLedger,
  react: reactLedger,
  snapshot: snapshotLedger,
};

/** What a role does in each of its rounds. */
export function stageOf(role: AppRole): AppStage {
  return STAGES[role];
}
