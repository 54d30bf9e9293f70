-- The same rows as `command-scan.sql` reads, in any order.
copy (
  select c.command_id, c.first_position, c.last_position, c.outcome, c.code,
         case when c.outcome <> 'recorded' then c.type end, case when c.outcome <> 'recorded' then c.actor end
  from eventchain.commands c
  where c.ledger_id = $1 and (c.last_position is null or c.last_position >= $2)
    and (c.outcome = 'rejected' and num_nonnulls(c.first_position, c.last_position) = 0) is not true
) to stdout (format binary)
