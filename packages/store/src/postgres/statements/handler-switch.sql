select outcome, enabled, by, position, at_micros as "atMicros", code, message
from eventchain.switch_handler(
  $1::bigint, $2::text, $3::boolean, $4::text, $5::uuid, $6::bytea, $7::text, $8::bytea)
