select c.command_id, c.first_position::text, c.last_position::text
from eventchain.commands c
where c.ledger_id = $1::bigint and c.outcome = 'recorded' and (c.last_position is null or c.last_position >= $2::bigint)
order by c.first_position nulls first, c.last_position, c.command_id
