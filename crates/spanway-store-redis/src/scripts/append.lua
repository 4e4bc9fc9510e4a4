-- Appends a batch to a log, or begins the log. All or nothing, and once: a batch that comes again, because
-- the answer to the first attempt was lost, is known by its token.
-- KEYS: the log, its messages, the streams of its session
-- ARGV: now, when the log expires (0: not while calls write), its life in ms, the number of the first message,
--       whether to begin anew (1 or 0), messages and bytes that may stay, the overhead of a message, the state,
--       whether that is the end (1 or 0), token, stream, channel, notice; then the messages
-- Gives {0, bytes kept}, {1, number of the newest message} after a conflict, {2, 0} after the end.
local log, said, streams = KEYS[1], KEYS[2], KEYS[3]
local now, expires, life = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local first, anew = tonumber(ARGV[4]), ARGV[5] == '1'
local events_max, bytes_max, overhead = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local state, over, token, stream = ARGV[9], ARGV[10], ARGV[11], ARGV[12]
local channel, notice = ARGV[13], ARGV[14]
local begin = 15

local kept = redis.call('HMGET', log, 'last', 'bytes', 'expires', 'over', 'token')
local last, bytes = tonumber(kept[1]), tonumber(kept[2])
if last and kept[5] == token then
  return {0, bytes}
end
if last and kept[3] ~= '0' and tonumber(kept[3]) <= now then
  last = nil
end
if last and kept[4] == '1' then
  return {2, 0}
end
if last and first ~= last + 1 and not anew then
  return {1, last}
end
if not last or anew then
  redis.call('DEL', log, said)
  last, bytes = first - 1, 0
end

for i = begin, #ARGV do
  redis.call('RPUSH', said, ARGV[i])
  bytes = bytes + #ARGV[i] + overhead
end
last = last + #ARGV - begin + 1
local count = redis.call('LLEN', said)
while count > 1 and (count > events_max or bytes > bytes_max) do
  bytes = bytes - #redis.call('LPOP', said) - overhead
  count = count - 1
end

redis.call('HSET', log, 'last', string.format('%.0f', last), 'bytes', string.format('%.0f', bytes),
  'expires', expires, 'over', over, 'token', token, 'state', state)
redis.call('PEXPIRE', log, life)
redis.call('PEXPIRE', said, life)
redis.call('ZREMRANGEBYSCORE', streams, '-inf', now)
redis.call('ZADD', streams, expires == '0' and '+inf' or expires, stream)
if redis.call('PTTL', streams) < life then
  redis.call('PEXPIRE', streams, life)
end
redis.call('PUBLISH', channel, notice)
return {0, bytes}
