import { join } from "node:path";
import { createHardhatRuntimeEnvironment } from "hardhat/hre";
import config from "../hardhat.config.ts";

const ROOT = join(import.meta.dirname, "..");

export interface CompiledContract {
  abi: unknown[];
  /** Creation code, 0x lower-case. */
  bytecode: string;
}

/**
 * Compiles one contract with the project's settings, afresh and in memory: nothing but it and its imports takes part,
 * no artifact is read or written, so several processes may do it at once.
 */
export async function compileContract(file: string, name: string): Promise<CompiledContract> {
  const hre = await createHardhatRuntimeEnvironment(config, {}, ROOT);
  const path = join(ROOT, file);
  const jobs = await hre.solidity.getCompilationJobs([path], { force: true, isolated: true, quiet: true });
  if (!jobs.success) throw new Error(jobs.formattedReason);
  const job = jobs.compilationJobsPerFile.get(path);
  if (job === undefined) throw new Error(`${file} is not a source of the project`);
  const { output } = await hre.solidity.runCompilationJob(job, { quiet: true });
  const errors = (output.errors ?? []).filter((error) => error.severity === "error");
  if (errors.length > 0) throw new Error(errors.map((error) => error.formattedMessage ?? error.message).join("\n"));
  for (const contracts of Object.values(output.contracts ?? {})) {
    const contract = contracts[name];
    if (contract?.evm?.bytecode !== undefined)
      return { abi: contract.abi, bytecode: `0x${contract.evm.bytecode.object}` };
  }
  throw new Error(`${file} has no contract ${name}`);
}
