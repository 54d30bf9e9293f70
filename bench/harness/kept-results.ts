import type { Environment } from "./describe-environment.ts";
import type { Judgement } from "./judge-targets.ts";
import type { CaseResult, Suite } from "./types.ts";

/** `bench/results/<suite>.json`: all that a run of a suite has found. */
export interface KeptResults {
  suite: string;
  title: string;
  unit: string;
  rounds: number;
  xAxis?: Suite["xAxis"];
  notes: readonly string[];
  /** Options of the command line that the suite had. */
  options: Readonly<Record<string, string>>;
  environment: Environment;
  cases: readonly CaseResult[];
  targets: readonly Judgement[];
}
