select to_regnamespace('eventchain') is not null as "hasSchema", to_regclass('eventchain.migrations') is not null as "hasTable"
