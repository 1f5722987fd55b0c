-- The signed table that a PBX decides by while the daemon is away. Needs sha256.lua and answer.lua.
-- A moment is text such as 2026-11-22T10:00:00Z: as text these are in the order of time.
local kept_table = {}
do
    local LONGEST = 1048576
    local MOMENT = "^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$"

    -- Returns the moment that is some seconds after an epoch time (now, unless given).
    function kept_table.moment(seconds, epoch)
        return os.date("!%Y-%m-%dT%H:%M:%SZ", (epoch or os.time()) + (seconds or 0))
    end

    -- Returns a name that is of one number or schedule only, of harmless characters.
    function kept_table.file_name(asked)
        local safe = asked:gsub("[^0-9A-Za-z]", function(one)
            return string.format("_%02x", one:byte())
        end)
        return "bereikbaar-" .. (#safe > 100 and sha256.hex(asked) or safe) .. ".table"
    end

    local function head_of(body)
        local line = body:match("^([^\n]*)\n")
        local inside = line and line:match("^(.*),\"intervals\":%[$")
        local head = inside and answer.read_json(inside .. "}")
        if not head or not (head.generated_at or ""):match(MOMENT)
            or not (head.expires_at or ""):match(MOMENT) then
            return nil
        end
        return head
    end

    local function is_signed(body, signature, key_hex)
        local digits = type(signature) == "string" and signature:match("^v1=(%x+)$")
        local key = #key_hex >= 32 and sha256.from_hex(key_hex)
        return digits and key and sha256.are_equal(digits:lower(), sha256.hmac_hex(key, body))
    end

    -- Returns the head of a table that may be used at a moment, or nil and why it may not. Of a
    -- `schedule` that isn't empty it must be the table; which numbers it is for, it doesn't say.
    function kept_table.verify(body, signature, key_hex, now, schedule)
        if type(body) ~= "string" or #body > LONGEST then
            return nil, "no table"
        elseif not is_signed(body, signature, key_hex) then
            return nil, "table wrongly signed"
        end
        local head = head_of(body)
        if not head then
            return nil, "malformed table"
        elseif (schedule or "") ~= "" and head.schedule ~= schedule then
            return nil, "table of another schedule"
        elseif now < head.generated_at or now >= head.expires_at then
            return nil, "table expired"
        end
        return head
    end

    -- Returns the fields that hold at a moment, or nil.
    function kept_table.find(body, now)
        for line in body:gmatch("[^\n]+") do
            local from, till = line:match('^{"from":"([^"]*)","until":"([^"]*)",')
            if from and from <= now and now < till then
                return answer.read_json((line:gsub(",$", "")))
            end
        end
        return nil
    end

    -- Returns body and signature as they were written, or nil.
    function kept_table.read(path)
        local file = io.open(path, "rb")
        if not file then
            return nil
        end
        local text = file:read(LONGEST + 100)
        file:close()
        local signature, body = (text or ""):match("^(v1=%x+)\n(.*)$")
        return body, signature
    end

    -- Writes a file whole or not at all; returns whether it did.
    function kept_table.write_file(path, ...)
        local beside = path .. "." .. tostring({}):match("(%w+)$") .. os.time() .. ".tmp"
        local file = io.open(beside, "wb")
        if not file then
            return false
        end
        local is_written = file:write(...)
        is_written = file:close() and is_written
        if is_written and os.rename(beside, path) then
            return true
        end
        -- Windows renames to no name that is taken.
        local is_there = is_written and os.remove(path) and os.rename(beside, path)
        if not is_there then
            os.remove(beside)
        end
        return is_there and true or false
    end

    -- Keeps a table, if it may be used at a moment; returns whether it is kept, and else why not.
    function kept_table.keep(path, body, signature, key_hex, now, schedule)
        local head, why = kept_table.verify(body, signature, key_hex, now, schedule)
        if not head then
            return false, why
        end
        -- Whoever once saw a table go by could send it again, to undo what was saved since.
        local old_body, old_signature = kept_table.read(path)
        local old = kept_table.verify(old_body, old_signature, key_hex, now, schedule)
        if old and old.generated_at > head.generated_at then
            return false, "table older than the one that is kept"
        end
        return kept_table.write_file(path, signature, "\n", body), "table can't be written"
    end

    -- Tells whether there is no table, or one that was made before `oldest` or after `now`.
    function kept_table.is_due(path, oldest, now)
        local body = kept_table.read(path)
        local head = body and head_of(body)
        return not head or head.generated_at < oldest or head.generated_at > now
    end
end
