import { canonicalJson, sha256, utf8 } from "@eventchain/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { hashRequest } from "./hash-request.ts";

test("is SHA-256 over the RFC 8785 text of the stream and its events", () => {
  const text = fc.string({ unit: "grapheme" }).filter((value) => !value.includes("\0"));
  const object = fc.dictionary(text, text);
  const event = fc.record({
    type: text,
    schema: fc.integer({ min: 1, max: 9 }),
    tags: fc.array(text),
    data: object,
    metadata: object,
  });
  fc.assert(
    fc.property(text, fc.array(event), (stream, events) => {
      const requested = events.map((each) => ({
        ...each,
        data: canonicalJson(each.data),
        metadata: canonicalJson(each.metadata),
      }));
      expect(hashRequest(stream, requested)).toEqual(sha256(utf8(canonicalJson({ stream, events }))));
    }),
  );
});
