-- Enters something that expires into a list, if there is room.
-- KEYS: the list
-- ARGV: now, when it expires, its life in ms, its name, how many there may be (-1: it is in already)
-- Gives 1 if it is in.
local census, max = KEYS[1], tonumber(ARGV[5])
redis.call('ZREMRANGEBYSCORE', census, '-inf', ARGV[1])
if max >= 0 and not redis.call('ZSCORE', census, ARGV[4]) and redis.call('ZCARD', census) >= max then
  return 0
end
redis.call('ZADD', census, ARGV[2], ARGV[4])
if redis.call('PTTL', census) < tonumber(ARGV[3]) then
  redis.call('PEXPIRE', census, ARGV[3])
end
return 1
