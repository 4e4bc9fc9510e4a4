-- Forgets the logs of a session that has ended, and tells those who read them.
-- KEYS: the streams of the session; then each log and its messages
-- ARGV: channel; then a notice for each log
for i = 1, #KEYS do
  redis.call('UNLINK', KEYS[i])
end
for i = 2, #ARGV do
  redis.call('PUBLISH', ARGV[1], ARGV[i])
end
return 0
