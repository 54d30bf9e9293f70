create table if not exists eventchain.migrations (
  version    int primary key,
  name       text not null,
  -- SHA-256 of the file, in hex.
  checksum   text not null,
  applied_at timestamptz not null default clock_timestamp()
)
