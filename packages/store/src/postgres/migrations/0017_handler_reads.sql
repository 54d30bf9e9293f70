-- The workers of an app's handlers read whole ledgers, as the applications do.
alter policy whole on eventchain.events
  to eventchain_writer, eventchain_reader, eventchain_sealer, eventchain_handler;
alter policy whole on eventchain.event_tags
  to eventchain_writer, eventchain_reader, eventchain_sealer, eventchain_handler;
alter policy whole on eventchain.commands
  to eventchain_writer, eventchain_reader, eventchain_sealer, eventchain_handler;

-- As in 0007_queries, but that they are not restricted either.
create or replace function eventchain.restriction_on(ledger bigint) returns jsonb
language plpgsql stable
as $$
declare
  caller name := coalesce(nullif(current_setting('role'), 'none'), session_user);
begin
  if pg_has_role(caller, 'eventchain_writer', 'usage') or pg_has_role(caller, 'eventchain_reader', 'usage')
     or pg_has_role(caller, 'eventchain_sealer', 'usage') or pg_has_role(caller, 'eventchain_handler', 'usage')
     or pg_has_role(caller, current_user, 'usage') then
    return null;
  end if;
  if current_setting('eventchain.ledger', true) = ledger::text then
    return nullif(coalesce(nullif(current_setting('eventchain.access', true), '')::jsonb, '{}'), '"all"');
  end if;
  return '{}';
end
$$;

-- A handler may subscribe, and keep its place, too.
grant execute on function eventchain.move_subscription_checkpoint to eventchain_handler;
