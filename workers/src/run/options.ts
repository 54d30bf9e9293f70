import { LedgerError } from "@eventchain/core";
import { z } from "zod";
import { type PolicyInput, policyShape } from "../anchor/policy.ts";
import type { AppRole } from "../app/types.ts";
import type { Logger } from "./logger.ts";

export type Role = "seal" | "anchor" | "finalise" | AppRole;

const CORE_ROLES: readonly Role[] = ["seal", "anchor", "finalise"];

/** Those that run an app's handlers, and so need its config. */
export const APP_ROLES: readonly Role[] = ["project", "react", "snapshot"];

/** When a block counts as final: `count` blocks above it, or the chain's own `finalized` tag. */
export type FinalityOption = { kind: "confirmations"; count: number } | { kind: "finalized" };

export interface WorkersOptions {
  /** postgres:// URL of a migrated database. */
  databaseUrl: string;
  /** Null or left out: hints travel by the database. */
  redisUrl?: string | null | undefined;
  /** http(s):// URL of a JSON-RPC node. For the roles anchor and finalise. */
  rpcUrl?: string | undefined;
  /** One line of 64 hex digits, mode 0600. For the seal role. */
  sealKeyFile?: string | undefined;
  /** One line of 0x and 64 hex digits, mode 0600. For the anchor role. */
  anchorKeyFile?: string | undefined;
  /** For the seal role: a folder, or another Postgres database, where what was signed is remembered. */
  guardDir?: string | undefined;
  guardUrl?: string | undefined;
  /** The app's config, `eventchain.config.ts`: what its handlers are. For the roles project, react and snapshot. */
  configFile?: string | undefined;
  /** Default: seal, anchor and finalise, and with a config the other three. */
  roles?: readonly Role[] | undefined;
  /** Origins: the handlers of these ledgers only. For the roles project, react and snapshot. Default: of all, also of those to come. */
  ledgers?: readonly string[] | undefined;
  /** Default: 2 confirmations on a development chain, the finalized tag on any other. */
  finality?: FinalityOption | undefined;
  policy?: PolicyInput | undefined;
  /** Sets the queue apart from that of another database on one Redis. Default: made of the database's URL. */
  queuePrefix?: string | undefined;
  logger?: Logger | undefined;
}

const url = (protocols: readonly string[]): z.ZodType<string> =>
  z.string().refine(
    (text) => {
      try {
        return protocols.includes(new URL(text).protocol);
      } catch {
        return false;
      }
    },
    { error: `is not a URL of ${protocols.join(" or ")}` },
  );

const optionsShape = z
  .strictObject({
    databaseUrl: url(["postgres:", "postgresql:"]),
    redisUrl: url(["redis:", "rediss:"]).nullish(),
    rpcUrl: url(["http:", "https:"]).optional(),
    sealKeyFile: z.string().min(1).optional(),
    anchorKeyFile: z.string().min(1).optional(),
    guardDir: z.string().min(1).optional(),
    guardUrl: url(["postgres:", "postgresql:"]).optional(),
    roles: z
      .array(z.enum(["seal", "anchor", "finalise", "project", "react", "snapshot"]))
      .nonempty()
      .optional(),
    ledgers: z.array(z.string().min(1)).nonempty().optional(),
    configFile: z.string().min(1).optional(),
    finality: z
      .discriminatedUnion("kind", [
        z.strictObject({ kind: z.literal("confirmations"), count: z.int().min(0).max(100_000) }),
        z.strictObject({ kind: z.literal("finalized") }),
      ])
      .optional(),
    policy: policyShape.default({}),
    queuePrefix: z
      .string()
      .regex(/^[\w-]{1,64}$/, "has 1 to 64 letters, digits, _ and -")
      .optional(),
    logger: z.custom<Logger>((value) => typeof value === "function", { error: "is not a function" }).optional(),
  })
  .transform(({ roles, ...options }) => ({
    ...options,
    roles: roles ?? (options.configFile === undefined ? CORE_ROLES : [...CORE_ROLES, ...APP_ROLES]),
  }))
  .superRefine((options, context) => {
    const missing = (path: string, role: string): void => {
      context.addIssue({ code: "custom", path: [path], message: `is needed for the role ${role}` });
    };
    const { roles } = options;
    if (roles.includes("seal")) {
      if (options.sealKeyFile === undefined) missing("sealKeyFile", "seal");
      if (options.guardDir === undefined && options.guardUrl === undefined) missing("guardDir or guardUrl", "seal");
      // A guard in the same database is restored together with it, and so guards nothing.
      if (options.guardUrl === options.databaseUrl)
        context.addIssue({ code: "custom", path: ["guardUrl"], message: "is the ledger's own database" });
    }
    if (roles.includes("anchor") && options.anchorKeyFile === undefined) missing("anchorKeyFile", "anchor");
    const chainRole = roles.find((role) => role === "anchor" || role === "finalise");
    if (chainRole !== undefined && options.rpcUrl === undefined) missing("rpcUrl", chainRole);
    const coreRole = roles.find((role) => CORE_ROLES.includes(role));
    if (options.ledgers !== undefined && coreRole !== undefined) {
      const message = `picks whose handlers run, and the role ${coreRole} serves all ledgers: name the roles ${APP_ROLES.join(", ")}`;
      context.addIssue({ code: "custom", path: ["ledgers"], message });
    }
    const appRole = roles.find((role) => APP_ROLES.includes(role));
    if (appRole !== undefined && options.configFile === undefined) missing("configFile", appRole);
  });

/** Options with their defaults. */
export interface CheckedOptions extends WorkersOptions {
  roles: readonly Role[];
  policy: PolicyInput;
}

/** Checks options. Errors: LedgerError `config-invalid`, which names every option at fault, and no value. */
export function checkOptions(options: WorkersOptions): CheckedOptions {
  const parsed = optionsShape.safeParse(options);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".") || "options"}: ${issue.message}`);
  throw new LedgerError("config-invalid", `workers: ${problems.join("; ")}`, { values: { problems } });
}
