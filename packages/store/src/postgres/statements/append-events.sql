select a.request, a.outcome, a.position, a.stream, a.version, a.id, a.hash, a.recorded_at_micros as "recordedAtMicros",
       a.code, a.message, a.event
from eventchain.append_events(
  $1::bigint,
  $2::text[], $3::bytea[], $4::text[], $5::text[],
  $6::int[], $7::int[],
  $8::text[],
  $9::int[], $10::bigint[],
  $11::int[], $12::uuid[], $13::text[], $14::int[], $15::text[],
  $16::text[], $17::bytea[], $18::text[], $19::bytea[],
  $20::text[], $21::bigint[], $22::int[],
  $23::text[], $24::text[],
  $25::uuid[], $26::bytea[], $27::text[], $28::bytea[]
) a
