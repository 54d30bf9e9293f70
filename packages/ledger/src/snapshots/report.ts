import { emitWarning } from "node:process";

/** Something that is wrong with snapshots and hinders nobody: what is asked is answered from the events. */
export interface SnapshotProblem {
  /**
   * `bad-snapshot`: a snapshot is not what its event commits to, and was not used. `snapshot-failed`: one that was due
   * could not be taken. `state-not-json`: a model's states have no JSON form, so that none are taken.
   */
  readonly code: "bad-snapshot" | "snapshot-failed" | "state-not-json";
  /** Its origin. */
  readonly ledger: string;
  readonly branch: string;
  /** Which the snapshot is of, or would be. */
  readonly position: bigint;
  /** In words. */
  readonly detail: string;
}

/** Told of each problem. What it throws is lost. */
export type Report = (problem: SnapshotProblem) => void;

/** A warning of the process, `process.on("warning")`. */
export const warn: Report = ({ code, ledger, branch, position, detail }) =>
  emitWarning(`snapshot of ${branch} at position ${position} in ${ledger}: ${detail}`, {
    type: "EventChainWarning",
    code,
  });

/** The same, which hinders nobody whatever it throws. */
export function safely(report: Report): Report {
  return (problem) => {
    try {
      report(problem);
    } catch {
      // It was told; there is nobody else to tell.
    }
  };
}
