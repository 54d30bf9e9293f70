import { fileURLToPath } from "node:url";
import { defineConfig } from "hardhat/config";

// solc comes from npm: nothing is downloaded while building.
const solcPath = fileURLToPath(import.meta.resolve("solc/soljson.js"));

export default defineConfig({
  solidity: {
    version: "0.8.37",
    path: solcPath,
    // The contract's bytecode must not depend on which tests are compiled beside it.
    splitTestsCompilation: true,
    settings: {
      // Runs on every chain since Dencun; later opcodes would save the contract nothing.
      evmVersion: "cancun",
      viaIR: true,
      optimizer: { enabled: true, runs: 1_000_000 },
      // No hash of sources and paths at the end of the bytecode: the same code gives the same bytes anywhere.
      metadata: { bytecodeHash: "none" },
    },
  },
  paths: {
    sources: "contracts",
    // Otherwise every .sol below test/ would be one.
    tests: { solidity: "contracts/testing" },
  },
  test: {
    solidity: {
      fuzz: { runs: 256 },
      invariant: { runs: 32, depth: 48, failOnRevert: true },
    },
  },
  networks: {
    // One chain for tests: blocks are mined as transactions come.
    default: { type: "edr-simulated", chainType: "l1", hardfork: "osaka" },
  },
});
