-- Keeps a new task.
-- KEYS: the task
-- ARGV: owner, when it was made, when it expires, its life in ms, version, body
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'created', ARGV[2], 'expires', ARGV[3], 'version', ARGV[5],
  'body', ARGV[6])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 0
