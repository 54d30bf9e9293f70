-- Milliseconds for which a swap may wait for readers, while others wait behind it: sooner over than anybody's wait is taken
-- for a deadlock.
select least(s.setting::int * 8 / 10, 200) as ms from pg_settings s where s.name = 'deadlock_timeout'
