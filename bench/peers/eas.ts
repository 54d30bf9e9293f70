// The Ethereum Attestation Service: the bytecode that its npm package was published with.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Interface, type InterfaceAbi, solidityPackedKeccak256, ZeroAddress, ZeroHash } from "ethers";
import type { GasChain } from "../anchor/open-gas-chain.ts";
import { peerFolder } from "./load-peer.ts";

export const EAS = "@ethereum-attestation-service/eas-contracts";

/** What is attested to: the least that a log's head could be. */
const SCHEMA = "bytes32 root";

export interface EasOnChain {
  address: string;
  /** Calldata of `timestamp`: the chain's time for 32 bytes, which may be given once. */
  timestamp(data: string): string;
  /** Calldata of `attest` to a root of 32 bytes; no resolver, no expiry, revocable. */
  attest(root: string): string;
}

function readArtifact(name: string): { face: Interface; bytecode: string } {
  const path = join(peerFolder(EAS), "artifacts/contracts", `${name}.sol`, `${name}.json`);
  const { abi, bytecode } = JSON.parse(readFileSync(path, "utf8")) as { abi: InterfaceAbi; bytecode: string };
  return { face: new Interface(abi), bytecode };
}

/** Deploys the service and its registry of schemas, and registers that schema. */
export async function deployEas(on: GasChain): Promise<EasOnChain> {
  const [registry, eas] = [readArtifact("SchemaRegistry"), readArtifact("EAS")];
  const registryAddress = await on.deploy(registry.bytecode);
  const address = await on.deploy(eas.bytecode + eas.face.encodeDeploy([registryAddress]).slice(2));
  const terms = [SCHEMA, ZeroAddress, true];
  await on.send([on.draft(registryAddress, registry.face.encodeFunctionData("register", terms))]);
  const schema = solidityPackedKeccak256(["string", "address", "bool"], terms);
  return {
    address,
    timestamp: (data) => eas.face.encodeFunctionData("timestamp", [data]),
    attest: (root) => {
      const request = {
        recipient: ZeroAddress,
        expirationTime: 0n,
        revocable: true,
        refUID: ZeroHash,
        data: root,
        value: 0n,
      };
      return eas.face.encodeFunctionData("attest", [{ schema, data: request }]);
    },
  };
}
