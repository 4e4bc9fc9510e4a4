-- Removes a session.
-- KEYS: the session
-- ARGV: now
-- Gives 1 if it was there.
local expires = redis.call('HGET', KEYS[1], 'expires')
redis.call('UNLINK', KEYS[1])
return expires and tonumber(expires) > tonumber(ARGV[1]) and 1 or 0
