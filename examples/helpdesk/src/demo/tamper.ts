import pg from "pg";

export interface Edit {
  readonly position: string;
  readonly stream: string;
  readonly before: string;
  readonly after: string;
}

/** What a dishonest administrator would do, as the database's superuser and by plain SQL: raises one old ticket's seriousness. */
export async function editAsAdministrator(databaseUrl: string, origin: string): Promise<Edit> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query("begin");
    // The triggers that refuse updates stop accidents; an administrator turns them off.
    await client.query("alter table eventchain.events disable trigger user");
    const { rows } = await client.query<Edit>(
      `with victim as (
         select ledger_id, position, stream, data::text as before,
                regexp_replace(data::text, '"seriousness":"[^"]*"', '"seriousness":"never mind"') as after
         from eventchain.events join eventchain.ledgers using (ledger_id)
         where origin = $1::text and data::text ~ '"seriousness":"' order by position offset 99 limit 1
       )
       update eventchain.events e set data = victim.after::json from victim
       where e.ledger_id = victim.ledger_id and e.position = victim.position
       returning e.position::text, e.stream, victim.before, victim.after`,
      [origin],
    );
    await client.query("alter table eventchain.events enable trigger user");
    await client.query("commit");
    const [edit] = rows;
    if (edit === undefined) throw new Error("the import holds no event to edit");
    return edit;
  } finally {
    await client.end();
  }
}
