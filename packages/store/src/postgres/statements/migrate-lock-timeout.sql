select set_config('lock_timeout', '30s', true)
