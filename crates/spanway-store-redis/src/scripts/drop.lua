-- Drops a log to make room, if nobody used it meanwhile.
-- KEYS: the log, its messages, the streams of its session
-- ARGV: when it was to expire, stream
if redis.call('HGET', KEYS[1], 'expires') == ARGV[1] then
  redis.call('UNLINK', KEYS[1], KEYS[2])
  redis.call('ZREM', KEYS[3], ARGV[2])
end
return 0
