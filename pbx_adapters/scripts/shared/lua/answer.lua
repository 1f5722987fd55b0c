-- Reads the daemon's answers, and trusts only what a call can be routed by.
local answer = {}
do
    local LONGEST = 16384
    local STATUSES = { open = true, closed = true, ["break"] = true, unknown = true }
    local ACTIONS = { continue = true, forward = true, voicemail = true, hangup = true }
    local ESCAPES = {
        ['"'] = '"', ["\\"] = "\\", ["/"] = "/",
        b = "\b", f = "\f", n = "\n", r = "\r", t = "\t",
    }

    -- Returns the fields of `key=value` lines, or nil where it is anything else.
    function answer.read_text(body)
        -- One that was cut off may end in half a number.
        if type(body) ~= "string" or #body > LONGEST or body:sub(-1) ~= "\n" then
            return nil
        end
        local fields = {}
        for line in body:gmatch("[^\r\n]+") do
            local key, value = line:match("^([a-z_]+)=(.*)$")
            if not key or fields[key] then
                return nil
            end
            fields[key] = value
        end
        return fields
    end

    local function unescaped(text)
        local is_right = true
        text = text:gsub("\\(.)(%x?%x?%x?%x?)", function(kind, digits)
            if kind == "u" and #digits == 4 and tonumber(digits, 16) < 128 then
                return string.char(tonumber(digits, 16))
            end
            if not ESCAPES[kind] then
                is_right = false
                return ""
            end
            return ESCAPES[kind] .. digits
        end)
        return is_right and text or nil
    end

    -- Returns where the string that starts at `at` ends, and what it says; nil where there is none.
    local function read_string(text, at)
        if text:sub(at, at) ~= '"' then
            return nil
        end
        local from = at + 1
        while true do
            local found = text:find('["\\]', from)
            if not found then
                return nil
            elseif text:sub(found, found) == '"' then
                return found, unescaped(text:sub(at + 1, found - 1))
            end
            from = found + 2
        end
    end

    -- Returns the fields of one flat JSON object, all of whose values are strings, or nil.
    function answer.read_json(text)
        if type(text) ~= "string" or #text > LONGEST or text:sub(1, 1) ~= "{" then
            return nil
        end
        local fields, at = {}, 2
        while true do
            local key_end, key = read_string(text, at)
            if not key or text:sub(key_end + 1, key_end + 1) ~= ":" then
                return nil
            end
            local value_end, value = read_string(text, key_end + 2)
            if not value or fields[key] then
                return nil
            end
            fields[key] = value
            local after = text:sub(value_end + 1, value_end + 1)
            if after == "}" then
                return #text == value_end + 1 and fields or nil
            elseif after ~= "," then
                return nil
            end
            at = value_end + 2
        end
    end

    -- Returns what to do with a call, or nil and why these fields can't be trusted.
    function answer.plan(fields)
        if not fields or not fields.error then
            return nil, "malformed answer"
        elseif not STATUSES[fields.status] then
            return nil, "unknown status"
        elseif not ACTIONS[fields.action] then
            return nil, "unknown action"
        end
        local forward = fields.forward or ""
        local is_forward = fields.action == "forward"
        if is_forward and not (forward:match("^%+[1-9]%d+$") and #forward >= 8 and #forward <= 16) then
            return nil, "unusable number to forward to"
        end
        local audio = fields.audio or ""
        -- Without its message a caller is still treated as the schedule says.
        if not (#audio == 68 and audio:match("^[0-9a-f]+%.wav$")) then
            audio = ""
        end
        local voicemail = fields.voicemail or ""
        if #voicemail > 254 or not voicemail:match("^[^%s%c\"<>]+@[^%s%c\"<>]+$") then
            voicemail = ""
        end
        return {
            status = fields.status,
            action = fields.action,
            audio = audio,
            forward = is_forward and forward or "",
            voicemail = voicemail,
            decision = (fields.decision_id or ""):match("^[%w-]+$") or "",
        }
    end
end
