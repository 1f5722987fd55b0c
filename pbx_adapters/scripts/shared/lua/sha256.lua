-- SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104) for Lua 5.1 to 5.4 and LuaJIT.
-- A word is a number from 0 to 2^32 - 1.
local sha256 = {}
do
    local byte, char, floor, format, rep = string.byte, string.char, math.floor, string.format, string.rep

    local WORD = 4294967296
    local START = {
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
        0x1f83d9ab, 0x5be0cd19,
    }
    local ROUND = {
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
        0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
        0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
        0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
        0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
        0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
        0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
        0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
        0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    }

    -- As text, because Lua 5.1 refuses a file with these operators in it.
    local OPERATORS = [[
        return function(a, b) return a & b end,
            function(a, b) return a ~ b end,
            function(a, n) return (a >> n | a << (32 - n)) & 0xffffffff end,
            function(a, n) return a >> n end
    ]]

    local function and_of_bytes(a, b)
        local product, bit_value = 0, 1
        while a > 0 and b > 0 do
            if a % 2 == 1 and b % 2 == 1 then
                product = product + bit_value
            end
            a, b, bit_value = floor(a / 2), floor(b / 2), bit_value * 2
        end
        return product
    end

    local function arithmetic()
        local ands = {}
        for a = 0, 255 do
            for b = 0, 255 do
                ands[a * 256 + b] = and_of_bytes(a, b)
            end
        end
        local function band(a, b)
            local a0, b0 = a % 256, b % 256
            a, b = (a - a0) / 256, (b - b0) / 256
            local a1, b1 = a % 256, b % 256
            a, b = (a - a1) / 256, (b - b1) / 256
            local a2, b2 = a % 256, b % 256
            return ands[a0 * 256 + b0] + ands[a1 * 256 + b1] * 256 + ands[a2 * 256 + b2] * 65536
                + ands[a - a2 + (b - b2) / 256] * 16777216
        end
        local function bxor(a, b)
            return a + b - 2 * band(a, b)
        end
        local function rrotate(a, n)
            local low = a % 2 ^ n
            return (a - low) / 2 ^ n + low * 2 ^ (32 - n)
        end
        local function rshift(a, n)
            return floor(a / 2 ^ n)
        end
        return band, bxor, rrotate, rshift
    end

    local band, bxor, rrotate, rshift
    local function choose_operators()
        local compile = loadstring or load
        local operators = compile and compile(OPERATORS)
        if operators then
            band, bxor, rrotate, rshift = operators()
        elseif type(bit32) == "table" then
            band, bxor, rrotate, rshift = bit32.band, bit32.bxor, bit32.rrotate, bit32.rshift
        elseif type(bit) == "table" then
            band, bxor, rrotate, rshift = bit.band, bit.bxor, bit.ror, bit.rshift
        else
            band, bxor, rrotate, rshift = arithmetic()
        end
    end

    -- Turns eight words of state into those after one block of 64 bytes, which starts at `at`.
    local function compress(state, message, at, w)
        for i = 1, 16 do
            local a, b, c, d = byte(message, at + i * 4 - 4, at + i * 4 - 1)
            w[i] = a * 16777216 + b * 65536 + c * 256 + d
        end
        for i = 17, 64 do
            local x, y = w[i - 15], w[i - 2]
            local s0 = bxor(bxor(rrotate(x, 7), rrotate(x, 18)), rshift(x, 3))
            local s1 = bxor(bxor(rrotate(y, 17), rrotate(y, 19)), rshift(y, 10))
            -- What the library of LuaJIT returns has a sign; the remainder has none.
            w[i] = (w[i - 16] + s0 + w[i - 7] + s1) % WORD
        end
        local a, b, c, d, e, f, g, h = state[1], state[2], state[3], state[4],
            state[5], state[6], state[7], state[8]
        for i = 1, 64 do
            local s1 = bxor(bxor(rrotate(e, 6), rrotate(e, 11)), rrotate(e, 25))
            local chosen = bxor(g, band(e, bxor(f, g)))
            local t1 = h + s1 + chosen + ROUND[i] + w[i]
            local s0 = bxor(bxor(rrotate(a, 2), rrotate(a, 13)), rrotate(a, 22))
            local majority = band(a, b) + band(c, bxor(a, b))
            h, g, f, e, d, c, b, a = g, f, e, (d + t1) % WORD, c, b, a, (t1 + s0 + majority) % WORD
        end
        for i, word in ipairs({ a, b, c, d, e, f, g, h }) do
            state[i] = (state[i] + word) % WORD
        end
    end

    local function big_endian(word)
        local d = word % 256
        local c = floor(word / 256) % 256
        local b = floor(word / 65536) % 256
        return char(floor(word / 16777216), b, c, d)
    end

    -- Returns the 32 bytes of the digest of a string.
    function sha256.digest(message)
        if not band then
            choose_operators()
        end
        local state, w = {}, {}
        for i = 1, 8 do
            state[i] = START[i]
        end
        local length = #message
        local whole = length - length % 64
        for at = 1, whole, 64 do
            compress(state, message, at, w)
        end
        local rest = message:sub(whole + 1) .. char(128)
        rest = rest .. rep(char(0), (56 - #rest) % 64)
            .. big_endian(floor(length / 536870912)) .. big_endian(length * 8 % WORD)
        for at = 1, #rest, 64 do
            compress(state, rest, at, w)
        end
        local bytes = {}
        for i = 1, 8 do
            bytes[i] = big_endian(state[i])
        end
        return table.concat(bytes)
    end

    local function to_hex(bytes)
        return (bytes:gsub(".", function(one)
            return format("%02x", byte(one))
        end))
    end

    -- Returns the digest of a string as 64 hexadecimal digits.
    function sha256.hex(message)
        return to_hex(sha256.digest(message))
    end

    local function xored_key(key, pad)
        local bytes = {}
        for i = 1, 64 do
            local one = byte(key, i) or 0
            bytes[i] = char(one + pad - 2 * and_of_bytes(one, pad))
        end
        return table.concat(bytes)
    end

    -- Returns the HMAC of a message as 64 hexadecimal digits; the key is bytes of any length.
    function sha256.hmac_hex(key, message)
        if #key > 64 then
            key = sha256.digest(key)
        end
        local inner = sha256.digest(xored_key(key, 54) .. message)
        return to_hex(sha256.digest(xored_key(key, 92) .. inner))
    end

    -- Returns the bytes that hexadecimal digits stand for, or nil where they are none.
    function sha256.from_hex(digits)
        if #digits % 2 == 1 or digits:find("[^0-9a-fA-F]") then
            return nil
        end
        return (digits:gsub("..", function(pair)
            return char(tonumber(pair, 16))
        end))
    end

    -- Compares two strings in a time that doesn't tell where they differ.
    function sha256.are_equal(one, other)
        if #one ~= #other then
            return false
        end
        local difference = 0
        for i = 1, #one do
            difference = difference + (byte(one, i) - byte(other, i)) ^ 2
        end
        return difference == 0
    end
end
