insert into eventchain.projection_builds as b (ledger_id, name, version, mode, definition, hash)
select l.ledger_id, $2::text, $3::int, $4::text, $5::bytea, l.genesis_hash
from eventchain.ledgers l
where l.ledger_id = $1::bigint
returning b.build_id as "buildId", b.ledger_id as "ledgerId", b.name, b.version, b.mode, b.state,
          b.schema_name as "schemaName", b.position, b.reason
