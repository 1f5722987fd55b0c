-- What every Lua script does: ask, trust, fall back, download, renew. Needs the other files here.
-- `fetch(path, seconds, longest)` asks the daemon for a path below its address. It returns the
-- status code, the body, and the headers by names in small letters; or nil and why there was no
-- HTTP answer. `settings`: dialect, timeout (seconds), schedule, number, table_key, folder (for what
-- is kept, ending in a separator), log (a function of one text).
local hook = {}
do
    local LONGEST_ANSWER = 16384
    local LONGEST_TABLE = 1048576
    local LONGEST_AUDIO = 10485760
    -- A larger one takes seconds to hash; its length is looked at instead.
    local HASHED_AUDIO = 524288
    local AUDIO_SECONDS = 5
    local RENEWED_AFTER = 600
    local TRIED_AGAIN_AFTER = 60
    -- A table is no worse for being made a moment from now, by this clock.
    local CLOCKS_DIFFER = 60

    -- Returns what is asked for as a query's start and as a path, and a name for what is kept.
    local function asked_for(settings, called)
        if settings.schedule ~= "" then
            local schedule = urlencode(settings.schedule)
            return "schedule=" .. schedule, "/table/" .. schedule, "schedule " .. settings.schedule
        end
        local number = settings.number ~= "" and settings.number or called
        return "did=" .. urlencode(number), "/table?did=" .. urlencode(number), "did " .. number
    end

    -- Returns what a caller may have chosen without what the daemon would refuse for its length or
    -- its bytes: a caller can't escape by it.
    local function of_caller(text)
        return urlencode((text:gsub("[^ -~]", "")):sub(1, 128))
    end

    -- Returns what to do, or nil; why; and whether the daemon is away. Whoever refuses is not away:
    -- a token that was withdrawn must not go on deciding by the table.
    local function ask_daemon(settings, call, fetch)
        local query = asked_for(settings, call.called)
        local path = "/hook/" .. settings.dialect .. "?" .. query .. "&cli=" .. of_caller(call.caller)
            .. "&callid=" .. of_caller(call.id) .. "&format=text"
        local status, body = fetch(path, settings.timeout, LONGEST_ANSWER)
        if not status or status >= 500 then
            return nil, status and "HTTP " .. status or tostring(body or "no answer"), true
        elseif status ~= 200 then
            return nil, "HTTP " .. status, false
        end
        local plan, why = answer.plan(answer.read_text(body))
        return plan, why or "asked", false
    end

    local function look_up(settings, call, now)
        if settings.table_key == "" then
            return nil, "no table is kept"
        end
        local _, _, name = asked_for(settings, call.called)
        local body, signature = kept_table.read(settings.folder .. kept_table.file_name(name))
        local head, why = kept_table.verify(body, signature, settings.table_key, now, settings.schedule)
        if not head then
            return nil, why
        end
        return answer.plan(kept_table.find(body, now))
    end

    -- Returns what to do with a call, or nil for the normal route; why; whether the daemon is away.
    -- `call`: called, caller, id. `now`: a moment as text.
    function hook.decide(settings, call, fetch, now)
        local plan, why, is_away = ask_daemon(settings, call, fetch)
        if not is_away then
            if not plan then
                settings.log("normal route: " .. why)
            end
            return plan, why, false
        end
        local kept, why_not = look_up(settings, call, now)
        settings.log(kept and "decided by the table: " .. why
            or "normal route: " .. why .. "; " .. why_not)
        return kept, kept and "table" or why, true
    end

    -- Tells whether bytes are the WAV file of a name, as far as can be told at once.
    local function is_audio(body, name)
        if #body <= 44 or #body > LONGEST_AUDIO or body:sub(1, 4) ~= "RIFF" then
            return false
        end
        local a, b, c, d = body:byte(5, 8)
        if a + b * 256 + c * 65536 + d * 16777216 ~= #body - 8 then
            return false
        end
        return #body > HASHED_AUDIO or sha256.hex(body) .. ".wav" == name
    end

    -- Returns the path of a message, downloaded if it isn't there; nil where it can't be had. While
    -- the daemon is away it isn't tried: the caller has waited enough.
    function hook.audio_path(settings, name, fetch, is_away)
        local path = settings.folder .. name
        local file = io.open(path, "rb")
        if file then
            local size = file:seek("end")
            file:close()
            if size and size > 44 then
                return path
            end
        end
        if is_away then
            return nil
        end
        local status, body = fetch("/audio/" .. name, AUDIO_SECONDS, LONGEST_AUDIO)
        if status ~= 200 or type(body) ~= "string" or not is_audio(body, name) then
            settings.log("message " .. name .. " can't be downloaded: " .. tostring(status or body))
            return nil
        end
        return kept_table.write_file(path, body) and path or nil
    end

    -- Tells whether something was tried less than a minute ago, and else notes that it is now.
    local function is_tried(path, epoch)
        local file = io.open(path, "rb")
        local at = file and file:read(20)
        if file then
            file:close()
        end
        if at and at > kept_table.moment(-TRIED_AGAIN_AFTER, epoch)
            and at <= kept_table.moment(0, epoch) then
            return true
        end
        kept_table.write_file(path, kept_table.moment(0, epoch))
        return false
    end

    -- Fetches the table anew when the kept one is older than ten minutes; once a minute where that
    -- fails. `epoch`: now, unless given. Returns the table where one was fetched and is kept.
    function hook.renew(settings, call, fetch, epoch)
        if settings.table_key == "" then
            return nil
        end
        local _, table_path, name = asked_for(settings, call.called)
        local path = settings.folder .. kept_table.file_name(name)
        local soon = kept_table.moment(CLOCKS_DIFFER, epoch)
        if not kept_table.is_due(path, kept_table.moment(-RENEWED_AFTER, epoch), soon)
            or is_tried(path .. ".tried", epoch) then
            return nil
        end
        local status, body, headers = fetch(table_path, settings.timeout, LONGEST_TABLE)
        if status ~= 200 then
            settings.log("table not renewed: " .. tostring(status or body))
            return nil
        end
        local signature = headers and headers["bereikbaar-signature"]
        local is_kept, why =
            kept_table.keep(path, body, signature, settings.table_key, soon, settings.schedule)
        if not is_kept then
            settings.log("table not renewed: " .. why)
            return nil
        end
        return body
    end

    -- Downloads the messages that a table names, since those that nobody has heard yet can't be had
    -- any more once the daemon is away.
    function hook.keep_messages(settings, body, fetch)
        for name in body:gmatch('"audio":"([0-9a-f]+%.wav)"') do
            if #name == 68 then
                hook.audio_path(settings, name, fetch)
            end
        end
    end
end
