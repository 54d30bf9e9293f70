insert into eventchain.migrations (version, name, checksum) values ($1::int, $2::text, $3::text)
