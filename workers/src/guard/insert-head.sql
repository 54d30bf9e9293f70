insert into eventchain_guard.heads (origin, size, root)
values ($1::text, $2::bigint, $3::bytea)
on conflict (origin) do nothing
