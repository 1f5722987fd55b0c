-- Bereikbaar for Swyx: asks the daemon what happens to this call. GPL-3.0-or-later.
-- Paste into an Insert Script Code block of a Lua rule; see docs/pbx/swyx.md.
-- Exits: 0 normal route, 1 forward, 2 voicemail, 3 hang up; 4 to 7 the same after the message.
UseExit = 0
BereikbaarStatus = ""
BereikbaarAudio = ""
BereikbaarForward = ""
BereikbaarVoicemail = ""

pcall(function()
@@INCLUDE lua/sha256.lua@@
@@INCLUDE lua/urlencode.lua@@
@@INCLUDE lua/answer.lua@@
@@INCLUDE lua/table.lua@@
@@INCLUDE lua/hook.lua@@
@@INCLUDE lua/pbx_web_request.lua@@
@@INCLUDE lua/swyx_log.lua@@
    local FOLDER = "@@FOLDER@@/"
    local EXITS = { continue = 0, forward = 1, voicemail = 2, hangup = 3 }
    local AFTER_MESSAGE = 4

    local settings = {
        dialect = "swyx",
        timeout = @@TIMEOUT_SECONDS@@,
        schedule = "@@SCHEDULE@@",
        number = "@@NUMBER@@",
        table_key = "@@TABLE_KEY@@",
        folder = FOLDER,
        log = function(text)
            swyx_log(FOLDER, text)
        end,
    }

    -- Returns the first text that one of these functions gives, or "".
    local function first_text(...)
        for _, get in ipairs({ ... }) do
            local is_there, value = pcall(get)
            if is_there and value ~= nil and tostring(value) ~= "" then
                return tostring(value)
            end
        end
        return ""
    end

    -- Which of these Swyx has differs by version; with --number or --schedule none is needed.
    local function number_called()
        return first_text(
            function() return CalledNumber() end,
            function() return CalledExtension() end,
            function() return PBXCall.CalledNumber end,
            function() return PBXCall.CalledExtension end
        )
    end

    local call = {
        called = number_called(),
        caller = first_text(function() return CallerID() end),
        id = first_text(function() return PBXCall.CallID end),
    }

    local function fetch(path, seconds, longest)
        return pbx_web_request.send({
            verb = "GET",
            url = "@@BASE_URL@@" .. path,
            seconds = seconds,
            headers = { "Authorization: Bearer @@TOKEN@@" },
            longest = longest,
        })
    end

    -- What can still fail may change nothing of what is decided.
    local function attempt(what, ...)
        local is_done, result = pcall(what, ...)
        if not is_done then
            settings.log(tostring(result))
            return nil
        end
        return result
    end

    local plan, is_away
    attempt(function()
        local why
        plan, why, is_away = hook.decide(settings, call, fetch, kept_table.moment())
    end)
    if plan then
        local audio = plan.audio ~= "" and attempt(hook.audio_path, settings, plan.audio, fetch, is_away)
        if audio and FOLDER:match("^%a:") then
            audio = audio:gsub("/", "\\")
        end
        BereikbaarStatus = plan.status
        BereikbaarAudio = audio or ""
        BereikbaarForward = plan.forward
        BereikbaarVoicemail = plan.voicemail
        UseExit = EXITS[plan.action] + (audio and AFTER_MESSAGE or 0)
        -- Of what is unknown there is no table.
        if not is_away and plan.status ~= "unknown" then
            attempt(hook.renew, settings, call, fetch)
        end
    end
end)
