import { z } from "zod";

/** What a schema says of a value that it does not take: what is allowed in its place, in words. */
export function allow(what: string): { error: (issue: z.core.$ZodRawIssue) => string } {
  return {
    error: (issue) => {
      if (issue.code === "unrecognized_keys") {
        return `has ${issue.keys.map((key) => JSON.stringify(key)).join(", ")}, which it may not: give ${what}`;
      }
      return issue.input === undefined ? `is missing: give ${what}` : `is not ${what}`;
    },
  };
}

/** Text, of which there must be some. */
export function someText(what: string): z.ZodString {
  return z.string(allow(what)).min(1, `is empty: give ${what}`);
}

/** One line that names each field at fault; `whole`: what to call the value itself. */
export function describeIssues(error: z.ZodError, whole: string): string {
  return error.issues.map(({ path, message }) => `${path.length === 0 ? whole : path.join(".")} ${message}`).join("; ");
}
