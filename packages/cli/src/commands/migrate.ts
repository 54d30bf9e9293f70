import type { RegisterCommand } from "../frame/command-spec.ts";

/** `migrate`: brings the database's tables up to this release. Safe to repeat, and to run from several places at once. */
export const registerMigrate: RegisterCommand = (program, run) => {
  program
    .command("migrate")
    .description("create or update the tables in the database")
    .action(
      run(async (context) => {
        const pool = await context.pool();
        const { migrate } = await import("@eventchain/store");
        const { applied, version } = await migrate(pool);
        await context.output.document({ applied, version }, () =>
          applied.length === 0
            ? `up to date, at version ${version}`
            : `applied ${applied.join(", ")}: now at version ${version}`,
        );
        return 0;
      }),
    );
};
