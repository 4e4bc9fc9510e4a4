-- Replaces a task, if its version is the one before; once, also if it is asked for twice.
-- KEYS: the task
-- ARGV: now, the version it had, its new version, when it expires, its life in ms, body, token
-- Gives 0 if it is not to be, 1 if it is done, 2 if the task now expires at another time.
local kept = redis.call('HMGET', KEYS[1], 'version', 'expires', 'token')
if not kept[1] or tonumber(kept[2]) <= tonumber(ARGV[1]) then
  return 0
end
if kept[3] == ARGV[7] then
  return 2
end
if kept[1] ~= ARGV[2] then
  return 0
end
redis.call('HSET', KEYS[1], 'version', ARGV[3], 'expires', ARGV[4], 'body', ARGV[6], 'token', ARGV[7])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return kept[2] == ARGV[4] and 1 or 2
