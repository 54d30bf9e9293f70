-- All but the rejections that have no event: those claim nothing that could be compared.
select c.command_id, c.first_position::text, c.last_position::text, c.outcome, c.code,
       case when c.outcome <> 'recorded' then c.type end, case when c.outcome <> 'recorded' then c.actor end
from eventchain.commands c
where c.ledger_id = $1::bigint and (c.last_position is null or c.last_position >= $2::bigint)
  and (c.outcome = 'rejected' and num_nonnulls(c.first_position, c.last_position) = 0) is not true
order by c.first_position nulls first, c.last_position, c.command_id
