import { addressOf, type Chain, type Registry } from "@eventchain/chain";
import { parseTrustRoot } from "@eventchain/core";
import { type OpenLedgerInput, openLedger } from "@eventchain/workers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { appendSome, type Fault, failing, faultModes, InjectedFault, SEAL_SEED } from "../support/ledger-workers.ts";
import { createWorld, type World } from "../support/worker-world.ts";

let world: World;
let count = 0;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world?.close());

function input(parts: Partial<OpenLedgerInput> = {}): OpenLedgerInput {
  count += 1;
  return {
    store: world.store,
    log: world.log,
    chain: world.chain,
    contract: world.contract,
    origin: `open.test/${count}`,
    sealSeed: SEAL_SEED,
    ownerKey: world.ownerKey,
    anchorerAddress: addressOf(world.anchorKey),
    ...parts,
  };
}

function faultyRegistry(chain: Chain, wrap: (registry: Registry) => Registry): Chain {
  return { ...chain, registry: (contract) => wrap(chain.registry(contract)) };
}

describe("opening a ledger", () => {
  it.each(
    (["createLedger", "open", "recordContract"] as const).flatMap((step) =>
      faultModes.map((mode) => [step, mode] as const),
    ),
  )("when %s fails %s it is stored, the same call again finishes it", async (step, mode) => {
    const sound = input();
    const fault: Fault = { fired: false };
    const faulty: OpenLedgerInput = {
      ...sound,
      store: step === "createLedger" ? failing(sound.store, step, mode, fault) : sound.store,
      log: step === "recordContract" ? failing(sound.log, step, mode, fault) : sound.log,
      chain:
        step === "open" ? faultyRegistry(sound.chain, (registry) => failing(registry, step, mode, fault)) : sound.chain,
    };
    await expect(openLedger(faulty)).rejects.toBeInstanceOf(InjectedFault);
    expect(fault.fired).toBe(true);
    const { ledger, trust } = await openLedger(sound);
    expect(await openLedger(sound)).toEqual({ ledger, trust });
    expect(parseTrustRoot(trust)).toMatchObject({
      origin: sound.origin,
      owner: addressOf(world.ownerKey).toLowerCase(),
    });
    const opened = await world.chain.registry(world.contract).opened();
    expect(opened.filter(({ origin }) => origin === sound.origin)).toHaveLength(1);
    await appendSome(world.store, ledger.ledgerId, 2);
    await world.settle(ledger);
  });

  it("by two at once opens it once", async () => {
    const sound = input();
    const results = await Promise.allSettled([openLedger(sound), openLedger(sound)]);
    expect(results.some(({ status }) => status === "fulfilled")).toBe(true);
    const { ledger } = await openLedger(sound);
    await appendSome(world.store, ledger.ledgerId, 2);
    await world.settle(ledger);
  });

  it("opens it again where a reorganisation took that back, by the same owner only", async () => {
    const snapshot = await world.node.rpc("evm_snapshot");
    await world.node.mine(3);
    const sound = input();
    const { ledger, trust } = await openLedger(sound);
    const before = await world.log.contracts(ledger.ledgerId);
    await world.node.rpc("evm_revert", [snapshot]);
    await expect(openLedger({ ...sound, ownerKey: world.node.keys[2] as string })).rejects.toMatchObject({
      code: "chain-mismatch",
    });
    expect(await openLedger(sound)).toEqual({ ledger, trust });
    const after = await world.log.contracts(ledger.ledgerId);
    expect(after).toEqual({ ...before, openedBlock: (before?.openedBlock ?? 0n) - 3n });
    const [opened] = (await world.chain.registry(world.contract).opened()).filter(
      ({ origin }) => origin === sound.origin,
    );
    expect(opened?.blockNumber).toBe(after?.openedBlock);
    await appendSome(world.store, ledger.ledgerId, 2);
    await world.settle(ledger);
    expect(await world.anchoredSizes(ledger)).toEqual([2n]);
  });

  it("names another anchorer when it is asked again with one", async () => {
    const sound = input();
    await openLedger(sound);
    const other = addressOf(world.node.keys[2] as string);
    const { ledger } = await openLedger({ ...sound, anchorerAddress: other });
    const { onchainId } = (await world.log.contracts(ledger.ledgerId)) ?? { onchainId: "" };
    const head = await world.chain.registry(world.contract).head(onchainId);
    expect(head).toMatchObject({ anchorer: other.toLowerCase() });
  });

  it("refuses another sealing key, another contract, and a head that the database does not know", async () => {
    const sound = input();
    const { ledger } = await openLedger(sound);
    await expect(openLedger({ ...sound, sealSeed: new Uint8Array(32).fill(8) })).rejects.toMatchObject({
      code: "bad-key",
    });
    const { deployRegistry } = await import("@eventchain/chain");
    const other = await deployRegistry(world.chain, world.ownerKey);
    await expect(openLedger({ ...sound, contract: other.address })).rejects.toMatchObject({ code: "chain-mismatch" });
    await appendSome(world.store, ledger.ledgerId, 2);
    await world.settle(ledger);
    // The same owner and origin, in a database that was made anew.
    const forgetful: OpenLedgerInput = {
      ...sound,
      log: { ...world.log, contracts: async () => undefined, checkpoint: async () => undefined },
    };
    await expect(openLedger(forgetful)).rejects.toMatchObject({
      code: "chain-mismatch",
      values: { contractSize: 2n, databaseSize: 0n },
    });
  });
});
