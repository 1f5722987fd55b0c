-- Percent-encodes all bytes but letters, digits and -._~, for a query.
local function urlencode(text)
    return (text:gsub("[^A-Za-z0-9._~-]", function(one)
        return string.format("%%%02X", one:byte())
    end))
end
