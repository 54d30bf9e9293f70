import { inChild } from "../harness/in-child.ts";
import type { BenchCase, Contender, OpenSuite } from "../harness/types.ts";
import type { TreeInput } from "../merkle/tree-child.ts";
import { TREE_LIBRARIES } from "../merkle/tree-libraries.ts";
import { peerVersion, skipWithout } from "../peers/load-peer.ts";

const SIZES = [10_000, 100_000, 1_000_000] as const;
const MOST = 1_000_000;
const OURS = "eventchain";
const BARE = "crypto.hash";
const OPEN_ZEPPELIN = "@openzeppelin/merkle-tree";
/** It takes minutes, and gigabytes, for a million. */
const OPEN_ZEPPELIN_MOST = 100_000;
const child = new URL("../merkle/tree-child.ts", import.meta.url);

const leavesOf = (size: number): string => `${size.toLocaleString("en-US")} leaves`;
const buildCase = (size: number): string => `a tree of ${leavesOf(size)}`;
const checkCase = (size: number): string => `checks of inclusion in ${leavesOf(size)}`;

function contenderOf(
  library: string,
  leaves: number,
  run: (input: TreeInput) => ReturnType<Contender["run"]>,
): Contender {
  const isPeer = library !== OURS && library !== BARE;
  const version = isPeer ? peerVersion(library) : undefined;
  const isTooMuch = library === OPEN_ZEPPELIN && leaves > OPEN_ZEPPELIN_MOST;
  const skip = isTooMuch ? "takes more than a minute and 2 GB" : isPeer ? skipWithout(library) : undefined;
  return {
    name: library,
    kind: isPeer ? "peer" : library === OURS ? "ours" : "bare",
    ...(version === undefined ? {} : { version }),
    ...(skip === undefined ? {} : { skip }),
    run: () => run({ library, leaves }),
  };
}

function openBuildCase(leaves: number): BenchCase {
  const contenders = Object.keys(TREE_LIBRARIES).map((library) =>
    contenderOf(library, leaves, async (input) => {
      const { result, peakRssMiB } = await inChild<number>(child, "buildOnce", input);
      return { count: leaves, seconds: result, peakRssMiB };
    }),
  );
  return { name: buildCase(leaves), x: leaves, contenders };
}

function openCheckCase(leaves: number): BenchCase {
  const contenders = Object.keys(TREE_LIBRARIES).map((library) =>
    contenderOf(library, leaves, async (input) => {
      const { result } = await inChild<{ checks: number; seconds: number }>(child, "checkProofs", input);
      return { count: result.checks, seconds: result.seconds };
    }),
  );
  return { name: checkCase(leaves), contenders };
}

export const suite: OpenSuite = async ({ isQuick }) => {
  const sizes = isQuick ? SIZES.slice(0, 2) : SIZES;
  return {
    name: "merkle",
    title: "Trees over event hashes, and checks of their proofs",
    unit: "leaves/s, checks/s",
    cases: [...sizes.map(openBuildCase), ...sizes.slice(1).map(openCheckCase)],
    xAxis: { label: "leaves", log: true },
    targets: [
      {
        id: "merkle.build",
        text: `a tree over ${leavesOf(MOST)}`,
        measure(results) {
          const built = results.find(buildCase(MOST), OURS);
          return built === undefined ? undefined : MOST / built.rate.median;
        },
        unit: "s",
        atMost: 0.35,
      },
      {
        id: "merkle.memory",
        text: `peak memory of the process that builds it`,
        measure(results) {
          const peak = results.find(buildCase(MOST), OURS)?.peakRssMiB?.median;
          return peak === undefined ? undefined : (peak * 1024 * 1024) / 1e6;
        },
        unit: "MB",
        atMost: 230,
      },
      {
        id: "merkle.checks",
        text: `checks of inclusion in ${leavesOf(MOST)}, one thread`,
        measure: (results) => results.find(checkCase(MOST), OURS)?.rate.median,
        unit: "checks/s",
        atLeast: 60_000,
      },
    ],
    notes: [
      "Built from 32-byte entries in memory to a tree that every inclusion proof can be made from; each run in a process of its own, whose memory is shown.",
      "eventchain: `extendLog`, `inclusionProof` and `verifyInclusion` of @eventchain/core: RFC 9162, SHA-256. crypto.hash: the same tree by Node's one-shot hash, in one flat array for each level.",
      "merkletreejs: SHA-256 by crypto.hash, leaves hashed. @openzeppelin/merkle-tree: SimpleMerkleTree as it comes, with its own Keccak-256; it hashes no leaves.",
    ],
  };
};
