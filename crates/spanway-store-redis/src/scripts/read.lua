-- Reads on in a log.
-- KEYS: the log, its messages
-- ARGV: now, the number of the message to read after, about how many bytes
-- Gives {state, whether this reaches the end (1 or 0), messages...}, or nothing if it cannot be read from there.
local now, after, bytes_max = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local kept = redis.call('HMGET', KEYS[1], 'last', 'state', 'expires')
local last = tonumber(kept[1])
if not last or (kept[3] ~= '0' and tonumber(kept[3]) <= now) then
  return false
end
local count = redis.call('LLEN', KEYS[2])
local gone = last - count
if after < gone or after > last then
  return false
end
local page, at, bytes = {kept[2], 0}, after - gone, 0
while at < count do
  for _, message in ipairs(redis.call('LRANGE', KEYS[2], at, at + 31)) do
    if #page > 2 and bytes + #message > bytes_max then
      return page
    end
    page[#page + 1] = message
    bytes = bytes + #message
    at = at + 1
  end
end
page[2] = 1
return page
