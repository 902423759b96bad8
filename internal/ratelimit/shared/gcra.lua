-- GCRA by the clock of Redis, in whole microseconds.
-- KEYS[1] what is counted; ARGV: microseconds from one event to the next, events at once, events asked for.
-- Returns how many of these are allowed, how many are left at once, and in microseconds when the next is and when nothing is remembered.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, burst, asked = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
-- Never further ahead than a whole burst: a clock that was put back would else refuse everybody until it is again what it was.
local arrival = math.min(math.max(tonumber(redis.call('GET', KEYS[1]) or now), now), now + interval * burst)
local room = math.floor((interval * burst - (arrival - now)) / interval)
if room < 1 then
  return {0, 0, arrival - now - interval * (burst - 1), arrival - now}
end
local allowed = math.min(room, asked)
arrival = arrival + allowed * interval
redis.call('SET', KEYS[1], string.format('%.0f', arrival), 'PX', math.ceil((arrival - now) / 1000))
return {allowed, room - allowed, 0, arrival - now}
