-- Bereikbaar for FreeSWITCH: is this number open now, else what happens to the caller?
-- Guide: docs/pbx/freeswitch.md. Licence: GPL-3.0-or-later.
-- Needs mod_curl and the program curl. A call that takes its normal route goes on in the dialplan.

local BASE_URL = "@@BASE_URL@@"
local TOKEN = "@@TOKEN@@"
local TRUNK = "@@TRUNK@@"
local MAILBOX = "@@MAILBOX@@"
local DEFAULT_ROUTE = "@@DEFAULT_ROUTE@@"

local settings = {
    dialect = "freeswitch",
    timeout = @@TIMEOUT_SECONDS@@,
    number = "@@NUMBER@@",
    schedule = "@@SCHEDULE@@",
    table_key = "@@TABLE_KEY@@",
    folder = "@@FOLDER@@",
}

function settings.log(text)
    freeswitch.consoleLog("notice", "Bereikbaar: " .. text .. "\n")
end

@@INCLUDE lua/sha256.lua@@
@@INCLUDE lua/urlencode.lua@@
@@INCLUDE lua/answer.lua@@
@@INCLUDE lua/table.lua@@
@@INCLUDE lua/hook.lua@@

-- Whoever calls may say of himself what he likes: what is no number or name isn't passed on.
local function plain(text, longest)
    local is_plain = text and #text <= longest and text:match("^[0-9A-Za-z+._*#-]+$")
    return is_plain and text or ""
end

-- Reads what mod_curl prints when asked for the headers: these, an empty line, and the body.
local function read_reply(printed)
    local head, body = (printed or ""):match("^(HTTP/.-\r\n)\r\n\n(.*)$")
    -- mod_curl follows redirects; the first answer is the daemon's own.
    local status = head and head:match("^HTTP/[%d.]+ (%d%d%d)")
    local length = head and head:lower():match("\ncontent%-length: *(%d+)")
    if not status then
        return nil, "no answer"
    elseif status == "200" and length and tonumber(length) ~= #body then
        return nil, "an answer that was cut off"
    end
    return tonumber(status), body
end

-- Asks within FreeSWITCH. In the path is nothing that its parser takes for more than text.
local function ask(path, seconds)
    return read_reply(freeswitch.API():execute("curl", BASE_URL .. path
        .. " headers secure connect-timeout " .. seconds .. " timeout " .. seconds
        .. " append_headers 'Authorization: Bearer " .. TOKEN .. "'"))
end

local function take_file(path, longest)
    local file = io.open(path, "rb")
    -- A byte more, so that what is too long shows; what never ends may fill no memory.
    local text = file and file:read(longest + 1)
    if file then
        file:close()
        os.remove(path)
    end
    return text
end

-- Downloads by the program curl: mod_curl ends a body at its first zero byte, and at 64 kB. What
-- the program is to do goes in by its standard input, so the shell sees none of it.
local function download(path, seconds, longest)
    local beside = settings.folder .. "fetch-" .. freeswitch.API():execute("create_uuid", "")
    local program = io.popen("curl -q --config -", "w")
    program:write(
        'url = "', BASE_URL, path, '"\n',
        'header = "Authorization: Bearer ', TOKEN, '"\n',
        'output = "', beside, '"\n',
        'dump-header = "', beside, '.head"\n',
        "connect-timeout = ", seconds, "\nmax-time = ", seconds, "\nmax-filesize = ", longest,
        "\nproto = \"=http,https\"\nsilent\n"
    )
    program:close()
    local body, head = take_file(beside, longest), take_file(beside .. ".head", 65536)
    local status = head and head:match("^HTTP/[%d.]+ (%d%d%d)")
    if not body or not status then
        return nil, "no answer"
    end
    local headers = {}
    for name, value in head:gmatch("\n([^:\r\n]+): *([^\r\n]*)") do
        headers[name:lower()] = value
    end
    return tonumber(status), body, headers
end

-- Plays a message to the end, unless it can't be had or the caller hangs up.
local function play(name, is_away)
    local path = hook.audio_path(settings, name, download, is_away)
    if path then
        session:answer()
        session:execute("sleep", "500")
        session:streamFile(path)
    end
end

-- Without these a call whose forward nobody answers would go on to the normal route.
local function forward(number)
    session:setVariable("continue_on_fail", "false")
    session:setVariable("hangup_after_bridge", "true")
    session:execute("bridge", (TRUNK:gsub("{number}", number)))
    if session:ready() then
        session:hangup()
    end
end

local function leave_voicemail(address)
    session:setVariable("bereikbaar_voicemail", address)
    session:answer()
    session:execute("sleep", "500")
    local box, domain = MAILBOX:match("^([^@]*)@?(.*)$")
    session:execute("voicemail", "default " .. (domain ~= "" and domain or "${domain_name}")
        .. " " .. box)
    if session:ready() then
        session:hangup()
    end
end

local function take_normal_route()
    if DEFAULT_ROUTE ~= "" and session:ready() then
        session:execute("transfer", DEFAULT_ROUTE)
    end
end

local function act(plan, is_away)
    if plan.audio ~= "" then
        play(plan.audio, is_away)
        if not session:ready() then
            return true
        end
    end
    if plan.action == "forward" then
        forward(plan.forward)
    elseif plan.action == "voicemail" and MAILBOX ~= "" then
        leave_voicemail(plan.voicemail)
    elseif plan.action == "hangup" then
        session:hangup()
    else
        return false
    end
    return true
end

local function treat_call(script)
    local call = {
        called = plain(session:getVariable("destination_number"), 64),
        caller = plain(session:getVariable("caller_id_number"), 64),
        id = plain(session:getVariable("uuid"), 128),
    }
    local plan, _, is_away = hook.decide(settings, call, ask, kept_table.moment())
    local is_known = plan and not is_away and plan.status ~= "unknown"
    if is_known and settings.table_key ~= "" then
        -- In a thread of its own, so that the caller doesn't wait for it.
        freeswitch.API():execute("luarun", script .. " renew " .. call.called)
    end
    return plan and act(plan, is_away)
end

local arguments = argv or {}
if arguments[1] == "renew" then
    local renewed = hook.renew(settings, { called = plain(arguments[2], 64) }, download)
    if renewed then
        hook.keep_messages(settings, renewed, download)
    end
else
    session:setAutoHangup(false)
    local is_right, is_treated = pcall(treat_call, arguments[0] or "bereikbaar.lua")
    if not is_right then
        settings.log("normal route: " .. tostring(is_treated))
    end
    if not (is_right and is_treated) then
        take_normal_route()
    end
end
