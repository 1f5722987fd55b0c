-- Requests by Swyx's module PBXWebRequest.
local pbx_web_request = {}
do
    -- What its methods are called could not be proven: the vendor's page on PBXWebRequest names
    -- them. Where one differs, correct it here; the log then says which there are.
    local NAMES = {
        url = "SetUrl",
        verb = "SetVerb",
        header = "AddHeader",
        body = "SetBody",
        seconds = "SetTimeout",
        send = "Send",
        status = "GetStatusCode",
        answer = "GetResponseBody",
        headers = "GetResponseHeaders",
    }

    local function known_methods(session)
        local meta = getmetatable(session)
        local methods = type(meta) == "table" and meta.__index
        local names = {}
        if type(methods) == "table" then
            for name in pairs(methods) do
                names[#names + 1] = tostring(name)
            end
        end
        table.sort(names)
        return #names > 0 and table.concat(names, ", ") or "nothing that can be listed"
    end

    local function method_of(session, what)
        local method = session[NAMES[what]]
        if not method then
            error("PBXWebRequest has no " .. NAMES[what] .. "; it has " .. known_methods(session), 0)
        end
        return method
    end

    -- Returns headers by names in small letters, from the text of all of them.
    local function read_headers(text)
        local headers = {}
        for name, value in tostring(text or ""):gmatch("([%w-]+):[ \t]*([^\r\n]*)") do
            headers[name:lower()] = value
        end
        return headers
    end

    local function send(request)
        local module = require "PBXWebRequest"
        local session = assert(module and module.new(), "PBXWebRequest makes no session")
        local function call(what, ...)
            return method_of(session, what)(session, ...)
        end
        call("verb", request.verb)
        call("url", request.url)
        call("seconds", request.seconds)
        for _, header in ipairs(request.headers) do
            call("header", header)
        end
        if request.body then
            call("body", request.body)
        end
        call("send")
        return tonumber((call("status"))), call("answer"), call("headers")
    end

    -- Sends `verb`, `url`, `seconds`, `headers` (texts), `body` (or nil), `longest` (bytes).
    -- Returns the status code, the body and the headers; or nil and why there was no HTTP answer.
    function pbx_web_request.send(request)
        local is_sent, status, body, headers = pcall(send, request)
        if not is_sent then
            return nil, tostring(status)
        elseif not status or status < 100 then
            return nil, "no answer"
        elseif type(body) ~= "string" or #body > request.longest then
            return status, ""
        end
        return status, body, read_headers(headers)
    end
end
