-- One that waits already waits on from when it began to.
insert into eventchain.snapshot_waits (ledger_id, rule, stream, due_at)
select $1::bigint, $2::text, w.stream, timestamptz 'epoch' + w.micros * interval '1 microsecond'
from unnest($3::text[], $4::bigint[]) w (stream, micros)
on conflict do nothing
