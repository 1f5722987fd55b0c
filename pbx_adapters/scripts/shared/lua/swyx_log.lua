-- A log of what went otherwise than it should, beside the messages; and Swyx's own trace.
local function swyx_log(folder, text)
    local LONGEST = 1048576
    pcall(function()
        PBXScript.OutputTrace("Bereikbaar: " .. text)
    end)
    pcall(function()
        local path = folder .. "bereikbaar.log"
        local file = io.open(path, "ab")
        if file:seek("end") > LONGEST then
            file:close()
            file = io.open(path, "wb")
        end
        file:write(os.date("!%Y-%m-%dT%H:%M:%SZ "), (text:gsub("%c", " ")), "\r\n")
        file:close()
    end)
end
