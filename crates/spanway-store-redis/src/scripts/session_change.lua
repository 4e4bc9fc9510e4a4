-- Replaces a session that nobody else changed meanwhile.
-- KEYS: the session
-- ARGV: the version it had, the session
-- Gives 0 if there is none, 1 if it was changed meanwhile, 2 if it is done.
local version = redis.call('HGET', KEYS[1], 'version')
if not version then
  return 0
end
if version ~= ARGV[1] then
  return 1
end
redis.call('HSET', KEYS[1], 'data', ARGV[2])
redis.call('HINCRBY', KEYS[1], 'version', 1)
return 2
