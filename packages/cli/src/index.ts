export type { ExitCode, RegisterCommand, Run } from "./frame/command-spec.ts";
export type { CommandContext } from "./frame/context.ts";
export type { ProgramIo } from "./frame/io.ts";
export { runProgram } from "./frame/run-program.ts";
