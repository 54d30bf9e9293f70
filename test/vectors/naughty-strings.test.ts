import {
  canonicalJson,
  checkName,
  dataHash,
  eventHash,
  isCanonicalObject,
  LedgerError,
  normaliseTags,
  parseHeader,
  parseJson,
} from "@eventchain/core";
import { describe, expect, test } from "vitest";
import { sharedData } from "./shared-data.ts";

const salt = new Uint8Array(16);

describe("the big list of naughty strings", () => {
  test("goes through canonical JSON and back, as value and as key", (context) => {
    for (const naughty of readStrings(sharedData(context, "blns/blns.json"))) {
      const value = { [naughty]: naughty, list: [naughty] };
      const text = canonicalJson(value);
      expect(JSON.parse(text)).toEqual(value);
      expect(parseJson(text)).toEqual(value);
      expect(isCanonicalObject(text)).toBe(true);
      expect(dataHash(salt, text)).toHaveLength(32);
    }
  });

  test("names streams, types and tags, or is refused for a reason that the format gives", (context) => {
    let taken = 0;
    for (const naughty of readStrings(sharedData(context, "blns/blns.json"))) {
      const bytes = Buffer.byteLength(naughty);
      const fits = bytes >= 1 && bytes <= 512 && !naughty.startsWith("$") && !naughty.includes("\0");
      for (const kind of ["stream", "type", "tag"] as const) {
        if (fits) checkName(kind, naughty);
        else expect(() => checkName(kind, naughty)).toThrow(LedgerError);
      }
      if (!fits) continue;
      taken++;
      const event = {
        ledger: "localhost/naughty",
        stream: naughty,
        id: "019a9f00-0000-7000-8000-000000000001",
        type: naughty,
      };
      const tags = normaliseTags([naughty, "a tag that is not in the list"]);
      const payload = { schema: 1, tags, data: "{}", salt, metadata: "{}", metaSalt: salt };
      const place = { position: 1n, version: 1n, recordedAtMicros: 0n, prevHash: new Uint8Array(32) };
      const { header } = eventHash({ ...event, ...payload, ...place });
      expect(parseHeader(header)).toMatchObject({ stream: naughty, type: naughty, tags });
    }
    expect(taken).toBeGreaterThan(400);
  });
});

function readStrings(json: string): string[] {
  return JSON.parse(json) as string[];
}
