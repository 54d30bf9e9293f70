select version, name, checksum from eventchain.migrations order by version
