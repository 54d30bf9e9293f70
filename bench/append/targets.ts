import type { Target } from "../harness/types.ts";
import { bare } from "../peers/bare.ts";
import { castore } from "../peers/castore.ts";
import { dcbEs, dcbEsConditional } from "../peers/dcb-es.ts";
import { emmett } from "../peers/emmett.ts";
import type { Peer } from "../peers/types.ts";

export const OURS = "eventchain";
export const UNTAGGED = "eventchain, untagged, no command";
const ONE_ROW = bare.name;
export const SAME_ROWS = "insert, the same rows in groups";
export const caseName = (callers: number): string => (callers === 1 ? "1 caller" : `${callers} callers`);

/** message-db is functions inside Postgres, without a library around them. */
const TYPESCRIPT_PEERS: readonly Peer[] = [emmett, castore, dcbEs, dcbEsConditional];

export const TARGETS: readonly Target[] = [
  {
    id: "append.same-rows.128",
    text: "128 callers, everything on: of a bare multi-row INSERT of the same rows into the same tables",
    unit: "x",
    atLeast: 0.8,
    measure: (results) => results.ratio(caseName(128), OURS, SAME_ROWS),
  },
  {
    id: "append.emmett.128",
    text: "128 callers, everything on: of Emmett",
    unit: "x",
    atLeast: 5,
    measure: (results) => results.ratio(caseName(128), OURS, emmett.name),
  },
  {
    id: "append.best-peer.128",
    text: "128 callers, everything on: of the best TypeScript peer (Emmett, Castore, dcb-es)",
    unit: "x",
    atLeast: 4,
    measure(results) {
      const ratios = TYPESCRIPT_PEERS.map(({ name }) => results.ratio(caseName(128), OURS, name));
      const known = ratios.filter((ratio) => ratio !== undefined);
      return known.length === 0 ? undefined : Math.min(...known);
    },
  },
  {
    id: "append.one-row.128",
    text: "128 callers, everything on: of a bare one-row INSERT",
    unit: "x",
    atLeast: 1.5,
    measure: (results) => results.ratio(caseName(128), OURS, ONE_ROW),
  },
  {
    id: "append.untagged.128",
    text: "128 callers, untagged and without a command: of a bare one-row INSERT",
    unit: "x",
    atLeast: 2,
    measure: (results) => results.ratio(caseName(128), UNTAGGED, ONE_ROW),
  },
  {
    id: "append.latency.1",
    text: "one caller, everything on: p50 of a bare one-row INSERT's",
    unit: "x",
    atMost: 2,
    measure(results) {
      const [ours, one] = [OURS, ONE_ROW].map((name) => results.find(caseName(1), name)?.latencyMs?.p50);
      return ours === undefined || one === undefined ? undefined : ours / one;
    },
  },
  {
    id: "append.bytes",
    text: "bytes an event on disk, everything on, indexes and all",
    unit: "bytes",
    atMost: 1_100,
    measure: (results) => results.find(caseName(128), OURS)?.values["bytes/event"]?.median,
  },
];
