-- Keeps a new session.
-- KEYS: the session
-- ARGV: the session, when it expires, its life in ms
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'data', ARGV[1], 'version', 0, 'expires', ARGV[2], 'listed', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 0
