select k.type, k.version, k.hash, k.schema
from eventchain.keep_schemas($1::bigint, $2::text[], $3::int[], $4::text[]) k
