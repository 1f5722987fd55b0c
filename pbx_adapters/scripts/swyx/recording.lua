-- Bereikbaar for Swyx: checks a PIN, and sends what was recorded. GPL-3.0-or-later.
-- Paste into an Insert Script Code block of a Lua rule; see docs/pbx/swyx.md.
-- Reads BereikbaarPin and BereikbaarRecording; while the latter is empty it checks the PIN alone.
-- Exits: 0 not saved, try again later; 1 the PIN is right, record; 2 saved; 3 wrong PIN;
-- 4 too many wrong PINs; 5 inbox full; 6 recording unusable; 7 not set up: no PIN, or this token.
UseExit = 0

pcall(function()
@@INCLUDE lua/pbx_web_request.lua@@
@@INCLUDE lua/swyx_log.lua@@
    local FOLDER = "@@FOLDER@@/"
    local RECORDINGS = "@@RECORDINGS_FOLDER@@"
    local SCHEDULE = "@@RECORDING_SCHEDULE@@"
    local LONGEST = 10485760
    local EXITS = {
        ["wrong-pin"] = 3,
        ["too-many-attempts"] = 4,
        ["inbox-full"] = 5,
        ["bad-recording"] = 6,
        ["too-large"] = 6,
        ["no-pin"] = 7,
        ["forbidden"] = 7,
        ["unauthorized"] = 7,
    }
    if SCHEDULE == "" then
        SCHEDULE = "@@SCHEDULE@@"
    end

    -- Returns the bytes of a file, and nil where there is none or it is too long.
    local function read_file(path)
        local file = io.open(path, "rb")
        if not file then
            return nil
        end
        local bytes = file:read(LONGEST + 1)
        file:close()
        return bytes and #bytes <= LONGEST and bytes or nil
    end

    local function ask()
        local pin = tostring(BereikbaarPin or "")
        local recording = tostring(BereikbaarRecording or "")
        if SCHEDULE == "" then
            return 7, "no schedule: give --schedule or recording_schedule"
        elseif not pin:match("^%d+$") or #pin > 20 then
            return 3, "no PIN was typed"
        end
        local request = {
            verb = "GET",
            url = "@@BASE_URL@@/recordings/" .. SCHEDULE,
            seconds = @@TIMEOUT_SECONDS@@,
            headers = { "Authorization: Bearer @@TOKEN@@", "Bereikbaar-Pin: " .. pin },
            longest = 65536,
        }
        if recording ~= "" then
            request.body = read_file(recording)
                or RECORDINGS ~= "" and read_file(RECORDINGS .. "/" .. recording)
            if not request.body then
                return 6, "the recording can't be read"
            end
            request.verb = "POST"
            request.seconds = @@UPLOAD_SECONDS@@
            request.headers[3] = "Content-Type: audio/wav"
        end
        local status, body = pbx_web_request.send(request)
        if status == 204 and recording == "" then
            return 1
        elseif status == 201 and recording ~= "" then
            return 2
        end
        local code = status and body:match('"error"%s*:%s*"([a-z-]+)"')
        local why = status and "HTTP " .. status .. " " .. (code or "") or body
        return EXITS[code] or 0, why
    end

    local is_done, use_exit, why = pcall(ask)
    if not is_done then
        swyx_log(FOLDER, "recording: " .. tostring(use_exit))
        return
    elseif why then
        swyx_log(FOLDER, "recording: " .. why)
    end
    UseExit = use_exit
end)
