-- lease.lua: the accounts of limits that several processes share; lease.h says what it is for.
--
-- KEYS[1]  an account, which is a hash for what is limited in one window
--   epoch    the life of the marker in which the account was last made anew
--   turn     another number whenever a member leaves or the base is set
--   made     when it was made, if that may have been after it was evicted; else 0
--   base     what was spent by those who are no members; "?": not known, so nothing grows
--   counted  what its members had booked when the base was set
--   doubt    so much of theirs may be in the base, too: they had used it and not booked it, or
--            came later; once they have booked it, settling again takes it out
--   hungry   when a member last found no room, and which: "seen NAME"
--   p:NAME   a member: "grant used booked seen sequence", and "old" if told in another life
-- KEYS[2]  the marker of its shard: "history born since"
-- ARGV[1]  a history that handed the shard over to this server in good order, or nothing
-- ARGV[2]  what to do: mark, sync, look or settle
-- ARGV[3]  the caller's wall clock; the rest depends on what is to be done
--
-- Amounts go up to 2^63 - 1, more than Lua's numbers hold: here they are pairs of a high and a
-- low part. Times are in microseconds. All that is written goes into one HSET at the end, so a
-- call that fails (out of memory, say) has changed nothing but perhaps the marker.

local PART = 1000000000
local CLOCKS_APART = 60000000 -- how far the clocks of processes may differ
local GONE_MAX = 100 -- members settled at once
local ANY = { 9223372036, 854775807 } -- as much as there can be
local DAY = 86400000000
local NO_BASE, NOT_CALM, SETTLE, HUNGRY, CLOCKS = 1, 2, 4, 8, 16 -- as in lease.h

local function amount(text)
	if #text <= 9 then
		return { 0, tonumber(text) }
	end
	return { tonumber(string.sub(text, 1, -10)), tonumber(string.sub(text, -9)) }
end

local function text_of(a)
	if a[1] == 0 then
		return string.format('%d', a[2])
	end
	return string.format('%.0f%09d', a[1], a[2])
end

local function plus(a, b)
	local high, low = a[1] + b[1], a[2] + b[2]
	if low >= PART then
		high, low = high + 1, low - PART
	end
	return { high, low }
end

-- a - b, or nothing where that is below zero
local function minus(a, b)
	local high, low = a[1] - b[1], a[2] - b[2]
	if low < 0 then
		high, low = high - 1, low + PART
	end
	if high < 0 then
		return { 0, 0 }
	end
	return { high, low }
end

local function less(a, b)
	return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2])
end

local function least(a, b)
	return less(a, b) and a or b
end

local function whole(n)
	return string.format('%.0f', n)
end

local function clock()
	local t = redis.call('TIME')
	return tonumber(t[1]) * 1000000 + tonumber(t[2])
end

-- The shard's marker, made anew when it is missing or tells of another history than the one
-- that this server writes; that is a new one after each start and after each promotion.
local function marker(now)
	local history = string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)')
	local was, born, since = string.match(redis.call('GET', KEYS[2]) or '',
		'^(%w+) (%d+) (%d+)$')
	local leapt = was and tonumber(born) > now -- the clock, backwards: from here on anew
	if was ~= history or leapt then
		if not was or leapt or was ~= ARGV[1] then
			born, since = whole(now), whole(math.max(now, tonumber(ARGV[3])))
		end
		redis.call('SET', KEYS[2], history .. ' ' .. born .. ' ' .. since)
	end
	return born, tonumber(since)
end

-- Could this server have thrown away what it was told to keep?
local function evicts()
	local memory = redis.call('INFO', 'memory')
	return not string.find(memory, 'maxmemory:0\r', 1, true) and
		not string.find(memory, 'maxmemory_policy:noeviction', 1, true)
end

local function member(text)
	local grant, used, booked, seen, sequence, old =
		string.match(text, '^(%d+) (%d+) (%d+) (%d+) (%d+)(.*)$')
	return { grant = amount(grant), used = amount(used), booked = amount(booked),
		seen = tonumber(seen), sequence = tonumber(sequence), old = old ~= '' }
end

local function note(a, name, value)
	a.to_write[#a.to_write + 1] = name
	a.to_write[#a.to_write + 1] = value
end

local function note_member(a, name, m, now)
	note(a, 'p:' .. name, table.concat({ text_of(m.grant), text_of(m.used), text_of(m.booked),
		whole(now), whole(m.sequence) }, ' ') .. (m.old and ' old' or ''))
end

-- Begins the account anew in this life. What it says of its members goes on counting until they
-- say otherwise, as if they had just been seen: `seen` may be another server's time.
local function rebuild(a, now, since, window)
	local evicted = a.new and evicts()
	local fresh = a.new and not evicted and window and since + CLOCKS_APART <= window
	a.base, a.made = fresh and '0' or '?', evicted and whole(now) or '0'
	a.counted, a.doubt = '0', '0'
	a.turn = whole(math.max(tonumber(a.turn) + 1, now))
	a.to_write = { 'epoch', a.born, 'turn', a.turn, 'made', a.made, 'base', a.base, 'counted',
		'0', 'doubt', '0' }
	for name, m in pairs(a.members) do
		m.seen, m.old = now, true
		note_member(a, name, m, now)
	end
end

-- Reads the account. One that is new begins with nothing spent if `window` began in this life:
-- had there been an account, it would still be there.
local function account(now, born, since, window)
	local raw = redis.call('HGETALL', KEYS[1])
	local a = { born = born, new = #raw == 0, members = {}, to_write = {}, turn = '0' }
	for i = 1, #raw, 2 do
		local name = string.match(raw[i], '^p:(.+)$')
		if name then
			a.members[name] = member(raw[i + 1])
		else
			a[raw[i]] = raw[i + 1]
		end
	end
	if a.epoch ~= born then
		rebuild(a, now, since, window)
	end
	return a
end

-- An account is kept for two days after its window, for what settles late.
local function write(a, ends)
	if #a.to_write > 0 then
		redis.call('HSET', KEYS[1], unpack(a.to_write))
	end
	if a.new and ends > 0 then
		redis.call('PEXPIREAT', KEYS[1], whole(math.floor((ends + 2 * DAY) / 1000)))
	end
end

-- Does the caller live in another time than we do?
local function is_astray(now, window, ends)
	return window > now + DAY or (ends > 0 and ends + DAY < now)
end

-- How long until everybody who is alive has had the time to tell what was lost; 0: it is over.
local function unrest(a, now, lease)
	return math.max(math.max(tonumber(a.born), tonumber(a.made)) + lease - now, 0)
end

-- Would settling lower the base, perhaps? Members have booked so much by now.
local function is_too_high(a, booked)
	return a.base ~= '?' and a.doubt ~= '0' and less(amount(a.counted), booked)
end

-- Did another member find no room, as long ago as a lease lasts at most?
local function is_hungry(a, me, now, lease)
	local seen, name = string.match(a.hungry or '', '^(%d+) (.+)$')
	return seen and name ~= me and now - tonumber(seen) < lease
end

-- What everybody but me has: granted, used, booked, granted to the living and not used; and
-- whether somebody was given up who was granted more than the ledger is known to have.
local function others(a, me, now, lease, give_up)
	local o = { granted = { 0, 0 }, used = { 0, 0 }, booked = { 0, 0 }, idle = { 0, 0 },
		given_up = false }
	if a.base ~= '?' then
		o.granted, o.used = amount(a.base), amount(a.base)
	end
	for name, other in pairs(a.members) do
		if name ~= me then
			o.granted, o.used = plus(o.granted, other.grant), plus(o.used, other.used)
			o.booked = plus(o.booked, other.booked)
			if now - other.seen < lease then
				o.idle = plus(o.idle, minus(other.grant, other.used))
			elseif now - other.seen >= give_up and less(other.booked, other.grant) then
				o.given_up = true
			end
		end
	end
	return o
end

-- 4 window, 5 its end (0: none), 6 how long a lease lasts, 7 members are given up after, 8 who
-- asks, 9 sequence, 10 limit, 11 used, 12 booked, 13 floor, 14 need, 15 want, 16 has there been
-- this limit since the window began
local function sync(now, born, since)
	local window, ends, lease = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
	local a = account(now, born, since, ARGV[16] == '1' and window)
	local me, mine = ARGV[8], a.members[ARGV[8]]
	if mine and mine.sequence >= tonumber(ARGV[9]) then
		return { 'late' }
	end
	local used, floor, need, want = amount(ARGV[11]), amount(ARGV[13]), amount(ARGV[14]),
		amount(ARGV[15])
	local o = others(a, me, now, lease, tonumber(ARGV[7]))
	if not mine and a.base ~= '?' and ARGV[11] ~= '0' then
		a.doubt = text_of(least(amount(a.base), plus(amount(a.doubt), used)))
		note(a, 'doubt', a.doubt)
	end

	local grant, marks = floor, 0
	local wait, astray = unrest(a, now, lease), is_astray(now, window, ends)
	if a.base ~= '?' and wait == 0 and not astray then
		local room = minus(amount(ARGV[10]), o.granted)
		if less(want, room) then
			room = want
		end
		if not less(room, need) then
			grant = room
		else
			note(a, 'hungry', whole(now) .. ' ' .. me)
		end
	end
	if a.base == '?' then
		marks = marks + NO_BASE
	end
	if wait > 0 then
		marks = marks + NOT_CALM
	end
	if astray then
		marks = marks + CLOCKS
	end
	if o.given_up or is_too_high(a, plus(o.booked, amount(ARGV[12]))) then
		marks = marks + SETTLE
	end
	if is_hungry(a, me, now, lease) then
		marks = marks + HUNGRY
	end
	note_member(a, me, { grant = grant, used = used, booked = amount(ARGV[12]),
		sequence = tonumber(ARGV[9]) }, now)
	write(a, ends)
	return { 'sync', whole(marks), text_of(grant), text_of(plus(o.granted, grant)),
		text_of(plus(o.used, used)), text_of(o.idle), born, whole(now), whole(wait) }
end

-- 4 to 8 as above, 9 those whose names begin so have no open books, or nothing. Who is given
-- up is shown with when it was last seen; the caller hands that to settle.
local function look(now, born, since)
	local a = account(now, born, since, false)
	local calm = unrest(a, now, tonumber(ARGV[6])) == 0
	local booked, unbooked, gone = { 0, 0 }, { 0, 0 }, {}
	for name, m in pairs(a.members) do
		local closed = ARGV[9] ~= '' and string.sub(name, 1, #ARGV[9]) == ARGV[9]
		local given_up = calm and now - m.seen >= tonumber(ARGV[7])
		if name ~= ARGV[8] and (closed or given_up) and #gone < GONE_MAX then
			gone[#gone + 1] = whole(m.seen) .. ' ' .. name
		else
			booked = plus(booked, m.booked)
			unbooked = plus(unbooked, m.old and ANY or minus(m.used, m.booked))
		end
	end
	write(a, tonumber(ARGV[5]))
	return { 'look', a.turn, text_of(booked), text_of(unbooked), unpack(gone) }
end

-- 4 to 8 as above, 9 turn, 10 base, 11 what those who stay had booked, 12 and had not, then those
-- who leave
local function settle(now, born, since)
	local a = account(now, born, since, false)
	local leaving = {}
	for i = 13, #ARGV do
		local seen, name = string.match(ARGV[i], '^(%d+) (.+)$')
		if not a.members[name] or a.members[name].seen ~= tonumber(seen) then
			return { 'changed' }
		end
		leaving[#leaving + 1] = 'p:' .. name
	end
	if a.turn ~= ARGV[9] then
		return { 'changed' }
	end
	note(a, 'base', ARGV[10])
	note(a, 'counted', ARGV[11])
	note(a, 'doubt', text_of(least(amount(ARGV[10]), amount(ARGV[12]))))
	note(a, 'turn', whole(math.max(tonumber(a.turn) + 1, now)))
	write(a, tonumber(ARGV[5]))
	if #leaving > 0 then
		redis.call('HDEL', KEYS[1], unpack(leaving))
	end
	return { 'settled' }
end

local now = clock()
local born, since = marker(now)
if ARGV[2] == 'sync' then
	return sync(now, born, since)
elseif ARGV[2] == 'look' then
	return look(now, born, since)
elseif ARGV[2] == 'settle' then
	return settle(now, born, since)
end
return { 'mark', born, whole(now) }
