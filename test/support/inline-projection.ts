import { defineProjection, type Projection } from "@eventchain/ledger";
import { Added } from "./projecting.ts";

/**
 * An inline projection with a row for each event; none has a key, so that what is handled twice stands there twice.
 * @param refuse whether the handler throws, asked at each event
 */
export function inlineSeen(refuse: () => boolean = () => false): Projection {
  return defineProjection("seen", {
    mode: "inline",
    schema:
      "create table seen (position bigint not null, version bigint not null, stream text not null, n int not null)",
  }).on(Added, async ({ position, version, stream, data }, db) => {
    await db.query("insert into seen values ($1, $2, $3, $4)", [position, version, stream, data.n]);
    if (refuse()) throw new Error("refused");
  });
}
