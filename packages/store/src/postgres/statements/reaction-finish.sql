delete from eventchain.reaction_tasks t
using unnest($3::bigint[], $4::text[], $5::uuid[]) as ended(position, handler, lease)
where t.ledger_id = $1::bigint and t.reaction = $2::text and t.position = any ($3::bigint[])
  and t.position = ended.position and t.handler = ended.handler
  and t.state = 'running' and t.lease = ended.lease
returning t.position, t.handler, t.stream
