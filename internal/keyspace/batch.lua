-- What a batch of keys holds, summed up by the server that holds them. ARGV[1] says what is asked for, and how it is answered:
--   scan <cursor>: the next cursor, the packed names, and the sum of what the keys hold
--   sum <names>: that sum
--   keys <names>: for each key its name, its type, its expiry and a sum of its value

-- sorted makes one text of elements that each server has in an order of its own. step is how many make one element.
local function sorted(list, step)
  local elements = {}
  for i = 1, #list, step do
    local text = #list[i] .. ':' .. list[i]
    if step == 2 then
      text = text .. #list[i + 1] .. ':' .. list[i + 1]
    end
    elements[#elements + 1] = text
  end
  table.sort(elements)
  return table.concat(elements)
end

-- value is what a key holds, the same on servers that hold the same.
local function value(name)
  local dump = redis.call('DUMP', name)
  if not dump then
    return ''
  end
  local stored = dump:byte(1)
  if stored == 2 then -- a set in a hash table
    return 'set' .. sorted(redis.call('SMEMBERS', name), 1)
  elseif stored == 4 then -- a hash in a hash table
    return 'hash' .. sorted(redis.call('HGETALL', name), 2)
  end
  return dump
end

-- The types are left out of a sum: they are in the values.
local function sum(names)
  local all = {}
  for _, name in ipairs(names) do
    all[#all + 1] = redis.call('PEXPIRETIME', name)
    all[#all + 1] = value(name)
  end
  return redis.sha1hex(cmsgpack.pack(all))
end

local function keys(names)
  local all = {}
  for _, name in ipairs(names) do
    all[#all + 1] = name
    all[#all + 1] = redis.call('TYPE', name).ok
    all[#all + 1] = string.format('%d', redis.call('PEXPIRETIME', name))
    all[#all + 1] = redis.sha1hex(value(name))
  end
  return all
end

if ARGV[1] == 'scan' then
  local page = redis.call('SCAN', ARGV[2], 'COUNT', 500)
  return {page[1], cmsgpack.pack(page[2]), sum(page[2])}
elseif ARGV[1] == 'sum' then
  return sum(cmsgpack.unpack(ARGV[2]))
end
return keys(cmsgpack.unpack(ARGV[2]))
