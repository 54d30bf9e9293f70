select eventchain.move_subscription_checkpoint(
  $1::bigint, $2::text, $3::bigint, $4::bytea, $5::bigint, $6::bytea, $7::bytea
) as outcome
