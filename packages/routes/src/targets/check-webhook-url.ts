import { LedgerError } from "@eventchain/core";

const LOCAL = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * Checks a webhook's URL.
 *
 * @returns its protocol and host, for messages: paths and queries of webhooks are often secret.
 * Errors: LedgerError `config-invalid`, which does not repeat the URL.
 */
export function checkWebhookUrl(url: unknown, allowHttp: boolean): { place: string } {
  if (typeof url !== "string" || !URL.canParse(url)) throw refuse("is not a URL");
  const { protocol, host, hostname, username, password } = new URL(url);
  if (username !== "" || password !== "") throw refuse("holds a user or a password: give them as a header");
  if (protocol !== "https:" && protocol !== "http:") throw refuse("begins with neither https: nor http:");
  if (protocol === "http:" && !LOCAL.has(hostname) && !allowHttp)
    throw refuse(
      `is not https: whoever is on the way to ${host} could read the events; allowHttp takes it all the same`,
    );
  return { place: `${protocol}//${host}` };
}

function refuse(problem: string): LedgerError {
  return new LedgerError("config-invalid", `the webhook's url ${problem}`);
}
