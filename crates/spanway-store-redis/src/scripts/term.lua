-- Has the common term go on, or begins a new one.
-- KEYS: the term
-- ARGV: its life in ms if nobody renews it
-- Gives its age in ms.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if redis.call('PEXPIRE', KEYS[1], ARGV[1]) == 0 then
  redis.call('SET', KEYS[1], string.format('%d', now), 'PX', ARGV[1])
  return 0
end
return now - tonumber(redis.call('GET', KEYS[1]))
