-- Of limits.conf: how many requests one client's address may have open at once
-- below /earshot/. Streams, long-polls and WebSockets are such; those of one
-- HTTP/2 connection are counted one by one. Many people share an address (an
-- office, a school, a mobile network): too tight a limit shuts them all out.

local most = 50

local address = lighty.r.req_attr["request.remote-addr"]
local count = 0
for request in lighty.server.irequests() do
    if request.req_attr["request.remote-addr"] == address and
        -- Without what follows, once it is in the program's hands.
        string.find((request.req_attr["uri.path"] or "") .. "/",
            "^/earshot/") then
        count = count + 1
    end
end
if count > most then -- this one has been counted, too
    return 429
end
return 0
