-- For wrk: sends the requests of the file BENCH_REQUESTS in turn and begins again behind the last.
-- The file holds "length, line break, request" again and again. @COUNTER@@ in a request becomes
-- a number of ten digits that grows from BENCH_COUNTER on, so that every write changes something.
local requests, place = {}, 0
local counter = tonumber(os.getenv("BENCH_COUNTER"))

function init()
  local file = assert(io.open(os.getenv("BENCH_REQUESTS"), "rb"))
  local all, at = file:read("*a"), 1
  file:close()
  while at <= #all do
    local line = all:find("\n", at, true)
    local length = tonumber(all:sub(at, line - 1))
    local text = all:sub(line + 1, line + length)
    local first, last = text:find("@COUNTER@@", 1, true)
    requests[#requests + 1] = first and { text:sub(1, first - 1), text:sub(last + 1) } or text
    at = line + length + 1
  end
end

function request()
  place = place % #requests + 1
  local chosen = requests[place]
  if type(chosen) == "string" then
    return chosen
  end
  counter = counter + 1
  return chosen[1] .. string.format("%010d", counter) .. chosen[2]
end
