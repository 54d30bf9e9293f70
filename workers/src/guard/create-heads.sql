create table if not exists eventchain_guard.heads (
  origin     text collate "C" primary key,
  size       bigint not null check (size >= 1),
  root       bytea not null check (octet_length(root) = 32),
  written_at timestamptz not null default clock_timestamp()
)
