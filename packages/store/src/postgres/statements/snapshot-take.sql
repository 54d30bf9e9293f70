select outcome, event_position as "eventPosition", state_hash as "stateHash", taken_at_micros as "takenAtMicros",
       code, message
from eventchain.take_snapshot(
  $1::bigint, $2::text, $3::text, $4::bigint, $5::bigint, $6::int, $7::text, $8::bytea,
  $9::uuid, $10::bytea, $11::text, $12::bytea)
