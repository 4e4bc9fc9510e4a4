-- Notes that a task is its owner's, and until when.
-- KEYS: the owner's tasks by creation, and by expiry
-- ARGV: now, when the task expires, its life in ms, its place
local lapsed = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[1])
for _, place in ipairs(lapsed) do
  redis.call('ZREM', KEYS[1], place)
  redis.call('ZREM', KEYS[2], place)
end
redis.call('ZADD', KEYS[1], 0, ARGV[4])
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[4])
for _, key in ipairs(KEYS) do
  if redis.call('PTTL', key) < tonumber(ARGV[3]) then
    redis.call('PEXPIRE', key, ARGV[3])
  end
end
return 0
