-- A database that was not brought up to date yet has none.
select to_regclass('eventchain.handlers') is not null
