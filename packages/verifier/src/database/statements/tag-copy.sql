copy (
  select t.position, t.tag, t.type
  from eventchain.event_tags t
  where t.ledger_id = $1 and t.position >= $2
) to stdout (format binary)
