import { createHash } from "node:crypto";
import { anchorRegistryAbi } from "@eventchain/chain";
import { AbiCoder, concat, Interface, keccak256, toBeHex } from "ethers";
import type { Contender } from "../harness/types.ts";
import { deployEas, EAS, type EasOnChain } from "../peers/eas.ts";
import { peerVersion, skipWithout } from "../peers/load-peer.ts";
import { ONE_SLOT, TWO_SLOTS } from "./bare-contracts.ts";
import { type GasChain, openGasChain } from "./open-gas-chain.ts";
import { uniformLog } from "./uniform-log.ts";

/** One anchor to be measured: from the head before to the new one. */
export interface Step {
  from: bigint;
  size: bigint;
}

/** A number from 0 up to, not including, 1: the same for the same name. */
export const chance = (name: string): number => createHash("sha256").update(name).digest().readUInt32LE(0) / 2 ** 32;

const bytes32 = (name: string): string => `0x${createHash("sha256").update(name).digest("hex")}`;
const word = (value: bigint): string => toBeHex(value, 32);

/** A chain that is there while somebody uses it. */
function shareChain(): { enter(): Promise<GasChain>; leave(): Promise<void> } {
  let users = 0;
  let chain: Promise<GasChain> | undefined;
  return {
    enter() {
      users += 1;
      chain ??= openGasChain();
      return chain;
    },
    async leave() {
      users -= 1;
      if (users > 0) return;
      const closing = chain;
      chain = undefined;
      await (await closing)?.close();
    },
  };
}

export interface Contenders {
  /** AnchorRegistry, with the consistency proof: the mean gas of a round's steps, each the second anchor of a ledger of its own. */
  ours(
    name: string,
    steps: (round: number) => readonly Step[],
    values?: (gas: number) => Record<string, number>,
  ): Contender;
  easTimestamp: Contender;
  easAttest: Contender;
  /** A head in two slots without a proof. */
  twoSlots: Contender;
  /** One slot and one log. */
  oneSlot: Contender;
}

/** All on one chain, which is there from the first that is prepared to the last that is closed. */
export function openContenders(repeats: number): Contenders {
  const shared = shareChain();
  let drawn = 0;
  /** A number of its own for each. */
  const serial = (): number => {
    drawn += 1;
    return drawn;
  };
  /** `setUp` gives what one round measures: gas, one figure for each transaction. */
  function contender(
    head: Pick<Contender, "name" | "kind" | "version" | "skip">,
    setUp: (on: GasChain) => Promise<(round: number) => Promise<readonly number[]>>,
    valuesOf: (gas: number) => Record<string, number> = () => ({}),
  ): Contender {
    let measure: ((round: number) => Promise<readonly number[]>) | undefined;
    return {
      ...head,
      async prepare() {
        measure = await setUp(await shared.enter());
      },
      async run(round) {
        const gas = (await measure?.(round)) ?? [];
        const sum = gas.reduce((all, each) => all + each, 0);
        return {
          count: sum,
          seconds: gas.length,
          values: { least: Math.min(...gas), most: Math.max(...gas), ...valuesOf(sum / gas.length) },
        };
      },
      close: () => shared.leave(),
    };
  }
  const repeated = <T>(make: (i: number) => T): T[] => Array.from({ length: repeats }, (_, i) => make(i));
  const ofEas = (name: string, callOf: (eas: EasOnChain) => string): Contender => {
    const version = peerVersion(EAS);
    const skip = skipWithout(EAS);
    const head = { name, kind: "peer", ...(version && { version }), ...(skip && { skip }) } as const;
    return contender(head, async (on) => {
      const eas = await deployEas(on);
      return () => on.send(repeated(() => on.draft(eas.address, callOf(eas))));
    });
  };
  const next = (): string => bytes32(`bench/${serial()}`);
  return {
    ours: (name, steps, values) =>
      contender({ name, kind: "ours" }, async (on) => openRegistry(on, name, steps), values),
    easTimestamp: ofEas("EAS.timestamp", (eas) => eas.timestamp(next())),
    easAttest: ofEas("EAS.attest", (eas) => eas.attest(next())),
    twoSlots: contender({ name: "head without proof, two slots", kind: "bare" }, async (on) => {
      const address = await on.deploy(TWO_SLOTS);
      const head = (): string => concat([bytes32("ledger"), word(BigInt(1_000_000 + serial())), next()]);
      await on.send([on.draft(address, head())]);
      return () => on.send(repeated(() => on.draft(address, head())));
    }),
    oneSlot: contender({ name: "one slot and one log", kind: "bare" }, async (on) => {
      const address = await on.deploy(ONE_SLOT);
      await on.send([on.draft(address, next())]);
      return () => on.send(repeated(() => on.draft(address, next())));
    }),
  };
}

const registryFace = new Interface(anchorRegistryAbi);

/** A ledger for each step: opened, its first head anchored, and then the one that is measured. */
async function openRegistry(
  on: GasChain,
  name: string,
  stepsOf: (round: number) => readonly Step[],
): Promise<(round: number) => Promise<readonly number[]>> {
  const address = await on.deployRegistry();
  const registry = on.chain.registry(address);
  return async (round) => {
    const steps = stepsOf(round).map((step, i) => {
      const origin = `${name.replaceAll(/[^a-z0-9]+/gi, "-")}.bench/${round}/${i}`;
      const ledgerId = keccak256(AbiCoder.defaultAbiCoder().encode(["address", "string"], [on.sender, origin]));
      return { ...step, origin, ledgerId, log: uniformLog(origin) };
    });
    const anchor =
      (ledgerId: string, size: bigint, root: Uint8Array, consistency: readonly Uint8Array[]) => (nonce: bigint) =>
        registry.signAnchor({
          ledgerId,
          size,
          root,
          consistency,
          nonce,
          fees: on.fees,
          key: on.key,
          chainId: on.chainId,
        });
    await on.send(
      steps.map(({ origin }) => on.draft(address, registryFace.encodeFunctionData("open", [origin, on.sender]))),
    );
    await on.send(steps.map(({ ledgerId, from, log }) => anchor(ledgerId, from, log.root(from), [])));
    return on.send(
      steps.map(({ ledgerId, from, size, log }) => anchor(ledgerId, size, log.root(size), log.consistency(from, size))),
    );
  };
}
