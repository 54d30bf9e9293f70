import { LedgerError } from "@eventchain/core";

/** The servers that a URL can name. */
export type ServerKind = "database" | "redis" | "rpc";

/** A URL and where it was found, for messages: `--database`, `DATABASE_URL`, `.eventchain/stack.json`. */
export interface FoundUrl {
  readonly text: string;
  readonly source: string;
  /** The option that gives another one. Default: the one of its kind, such as `--database`. */
  readonly option?: string;
}

const expected: Readonly<Record<ServerKind, { protocols: readonly string[]; example: string; port: number }>> = {
  database: {
    protocols: ["postgres:", "postgresql:"],
    example: "postgres://user:password@host:5432/database",
    port: 5432,
  },
  redis: { protocols: ["redis:", "rediss:"], example: "redis://host:6379", port: 6379 },
  rpc: { protocols: ["http:", "https:"], example: "http://host:8545", port: 80 },
};

/** A URL fit for messages: without passwords, and for a chain's node without its path, which often holds an API key. */
export function maskUrl(kind: ServerKind, text: string): string {
  const masked = text
    .replace(/^([^:/?#]+:\/\/[^:@/?#]*):.*@/s, "$1:***@")
    .replace(/([?&](?:ssl)?password=)[^&]*/gi, "$1***");
  if (kind !== "rpc") return masked;
  const [, origin = masked, rest = ""] = /^([a-z][a-z0-9+.-]*:\/\/[^/?#]*)(.*)$/is.exec(masked) ?? [];
  return rest.length > 1 ? `${origin}/***` : origin;
}

/** A URL that may be written down: without its password, and for a chain's node without what may be an API key. */
export function withoutSecrets(kind: ServerKind, text: string): string {
  const bare = text
    .replace(/^([^:/?#]+:\/\/[^:@/?#]*):.*@/s, "$1@")
    .replace(/^([^:/?#]+:\/\/)@/, "$1")
    .replace(/([?&])(?:ssl)?password=[^&]*&?/gi, "$1")
    .replace(/[?&]$/, "");
  return kind === "rpc" ? (/^[^:/?#]+:\/\/[^/?#]*/.exec(bare)?.[0] ?? bare) : bare;
}

/** Host and port to knock at before a client is opened; undefined for a Unix socket. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * Checks that a URL can name a server of its kind at all.
 *
 * @throws LedgerError `config-invalid`: another scheme, no host, or no URL; the message shows it masked, and the form it must have.
 */
export function checkUrl(kind: ServerKind, url: FoundUrl): Address | undefined {
  const { protocols, example, port } = expected[kind];
  const refuse = (what: string): LedgerError => {
    const shown = maskUrl(kind, url.text);
    const message = `${url.source} ${what} (${JSON.stringify(shown)}): write it like ${example}`;
    return new LedgerError("config-invalid", message, { values: { source: url.source, url: shown } });
  };
  if (url.text.trim() === "") throw refuse("is empty");
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(url.text)) throw refuse("is not a URL");
  if (!protocols.some((protocol) => url.text.toLowerCase().startsWith(`${protocol}//`))) {
    throw refuse(`must begin with ${protocols.map((protocol) => `${protocol}//`).join(" or ")}`);
  }
  if (!URL.canParse(url.text)) throw refuse("has no host, or is not a well-formed URL");
  const parsed = new URL(url.text);
  const socket = parsed.searchParams.get("host")?.startsWith("/") || parsed.hostname.toLowerCase().startsWith("%2f");
  if (kind === "database" && socket) return undefined;
  if (parsed.hostname === "") throw refuse("has no host");
  const defaultPort = parsed.protocol === "https:" ? 443 : port;
  return {
    host: parsed.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: parsed.port === "" ? defaultPort : Number(parsed.port),
  };
}
