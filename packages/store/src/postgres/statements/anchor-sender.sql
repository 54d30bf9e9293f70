insert into eventchain.anchor_senders (chain_id, sender) values ($1::bigint, $2::bytea) on conflict do nothing
