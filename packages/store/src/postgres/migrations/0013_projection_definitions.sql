-- SHA-256 of what a build was made from: a definition that changed without a higher version shows. Null: not known.
alter table eventchain.projection_builds
  add column definition bytea check (octet_length(definition) = 32);
