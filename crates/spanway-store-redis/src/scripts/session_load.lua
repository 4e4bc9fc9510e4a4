-- Loads a session, or only renews it.
-- KEYS: the session
-- ARGV: now, when it expires if it is used now, its life in ms, by how many ms that has to be later to be written,
--       whether to give the session (1 or 0)
-- Gives {session, version, whether the list of sessions has to hear of its longer life (1 or 0)}, or nothing.
local now, life = tonumber(ARGV[1]), tonumber(ARGV[3])
local kept = redis.call('HMGET', KEYS[1], 'expires', 'version', 'listed')
if not kept[1] or tonumber(kept[1]) <= now then
  return false
end
if tonumber(ARGV[2]) - tonumber(kept[1]) >= tonumber(ARGV[4]) then
  redis.call('HSET', KEYS[1], 'expires', ARGV[2])
  redis.call('PEXPIRE', KEYS[1], life)
end
local outlived = 0
if tonumber(ARGV[2]) - tonumber(kept[3]) >= life / 8 then
  redis.call('HSET', KEYS[1], 'listed', ARGV[2])
  outlived = 1
end
return {ARGV[5] == '1' and redis.call('HGET', KEYS[1], 'data') or '', tonumber(kept[2]), outlived}
