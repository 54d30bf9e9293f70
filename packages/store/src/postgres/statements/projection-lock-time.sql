-- Milliseconds for which a swap may wait for readers, while others wait behind it: a little more after each try in vain,
-- and sooner over than anybody's wait is taken for a deadlock.
select least(s.setting::int * 8 / 10, 50 + 25 * least($1::int, 6)) as ms from pg_settings s where s.name = 'deadlock_timeout'
