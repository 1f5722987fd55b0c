# The table of the coming days, kept for when the daemon can't be reached. After sh/http.sh; with
# openssl, awk, expr, find, sed and tail. Before it: bereikbaar_table_key (64 hexadecimal digits, or empty: then
# no table is kept), bereikbaar_folder (private to the user of the PBX), bereikbaar_timeout (seconds).
# ASKED is schedule=ID or did=NUMBER. A kept table is its signature on a line, then the bytes signed.

# bereikbaar_keep_table ASKED: renews the kept table when it is older than ten minutes; fails when
# that was tried in vain, and says why on stderr. It may take as long as two answers.
bereikbaar_keep_table() (
    umask 077
    file=$(bereikbaar_table_file "$1") || exit 1
    mkdir -p "$bereikbaar_folder" || exit 1
    new=$(mktemp "$file.XXXXXX") || exit 1
    trap 'rm -f "$new" "$new.body" "$new.body.head"' EXIT
    # What is newer than a new file was written by a clock that ran ahead: it would stay for ever.
    [ -z "$(find "$file" -mmin -10 ! -newer "$new" 2>/dev/null)" ] || exit 0
    # A table that can't be had is not asked for again with every call.
    [ -z "$(find "$file.tried" -mmin -1 ! -newer "$new" 2>/dev/null)" ] || exit 1
    : >"$file.tried"
    case $1 in
    schedule=*) path=/table/${1#schedule=} ;;
    *) path=/table?did=$(bereikbaar_encoded "${1#did=}") ;;
    esac
    if ! bereikbaar_download $((bereikbaar_timeout * 2)) 4000000 "$path" "$new.body"; then
        echo "bereikbaar: no table could be fetched" >&2
        exit 1
    fi
    awk 'tolower($1) == "bereikbaar-signature:" { sub(/\r$/, "", $2); print $2 }' \
        "$new.body.head" >"$new"
    cat "$new.body" >>"$new" || exit 1
    if ! bereikbaar_is_table "$new" "$1"; then
        echo "bereikbaar: the table fetched is not signed with the key known here, or is another's" >&2
        exit 1
    fi
    # Whoever once saw a table go by could send it again, to undo what was saved since.
    if bereikbaar_is_newer "$file" "$new" "$1"; then
        echo "bereikbaar: the table fetched is older than the one that is kept" >&2
        exit 1
    fi
    mv -f "$new" "$file"
)

# bereikbaar_table_answer ASKED NOW: prints what the kept table says of NOW, an instant such as
# 2026-11-22T10:00:00Z, as key=value lines; fails, printing nothing, when it can't be known.
bereikbaar_table_answer() (
    file=$(bereikbaar_table_file "$1") && [ -r "$file" ] && bereikbaar_is_table "$file" "$1" || exit 1
    tail -n +2 "$file" | awk -v now="$2" '
        function plain(text,    told, at) {
            told = ""
            while (at = index(text, "\\")) {
                told = told substr(text, 1, at - 1)
                if (substr(text, at + 1, 1) ~ /["\\\/]/) {
                    told = told substr(text, at + 1, 1)
                    text = substr(text, at + 2)
                } else {
                    told = told " "
                    text = substr(text, at + (substr(text, at + 1, 1) == "u" ? 6 : 2))
                }
            }
            return told text
        }
        function value_of(name) {
            name = "\"" name "\":\""
            return index($0, name) ? substr($0, index($0, name) + length(name), 20) "" : ""
        }
        NR == 1 {
            if (length(now) != 20 || now < value_of("generated_at") || now >= value_of("expires_at"))
                exit
        }
        NR > 1 && /^\{"from":"/ && value_of("from") <= now && now < value_of("until") {
            while (match($0, /"([^"\\]|\\.)*":"([^"\\]|\\.)*"/)) {
                pair = substr($0, RSTART + 1, RLENGTH - 2)
                $0 = substr($0, RSTART + RLENGTH)
                split_at = index(pair, "\":\"")
                print substr(pair, 1, split_at - 1) "=" plain(substr(pair, split_at + 3))
            }
            is_found = 1
            exit
        }
        END { exit !is_found }
    '
)

# bereikbaar_table_file ASKED: prints where its table is kept; fails where none is.
bereikbaar_table_file() {
    case ${#bereikbaar_table_key}:$bereikbaar_table_key in
    64:*[!0-9A-Fa-f]*) return 1 ;;
    64:*) ;;
    *) return 1 ;;
    esac
    # Whatever a caller can put into a number that was called, files are few and their names plain.
    case $1 in
    schedule= | schedule=*[!a-z0-9-]* | did= | did=*[!0-9+]*) return 1 ;;
    schedule=* | did=*) [ "${#1}" -le 80 ] && printf %s "$bereikbaar_folder/table-$1" ;;
    *) return 1 ;;
    esac
}

# bereikbaar_is_table FILE ASKED: tells whether the signature on the first line is that of the rest,
# and the rest is of the schedule that is asked for. Which numbers a table is for, it doesn't say.
bereikbaar_is_table() {
    # Without openssl there is no hash, and none may pass for one.
    bereikbaar_hash=$(tail -n +2 "$1" | bereikbaar_hmac) && [ "${#bereikbaar_hash}" = 64 ] &&
        [ "$(head -n 1 "$1")" = "v1=$bereikbaar_hash" ] || return 1
    case $2 in
    schedule=*) [ "$(bereikbaar_told "$1" schedule)" = "${2#schedule=}" ] ;;
    esac
}

# bereikbaar_told FILE NAME: prints what the head of a table says of NAME.
bereikbaar_told() {
    sed -n '2{s/^.*"'"$2"'":"\([^"\\]*\)".*$/\1/p;q;}' "$1"
}

# bereikbaar_is_newer FILE OTHER ASKED: tells whether FILE is a table that was made after OTHER, and
# not by a clock that ran ahead.
bereikbaar_is_newer() {
    [ -r "$1" ] && bereikbaar_is_table "$1" "$3" || return 1
    bereikbaar_made=$(bereikbaar_told "$1" generated_at)
    expr "$bereikbaar_made" \> "$(bereikbaar_told "$2" generated_at)" >/dev/null &&
        expr "$bereikbaar_made" \<= "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >/dev/null
}

# bereikbaar_hmac: prints the HMAC-SHA-256 of what it reads. openssl is told no key, since its
# command line would show it: the two hashes that an HMAC is made of (RFC 2104) get it as input.
bereikbaar_hmac() (
    inner='' outer='' rest=$bereikbaar_table_key count=0
    while [ "$count" -lt 64 ]; do
        pair=${rest%"${rest#??}"}
        rest=${rest#??}
        a=$((0x${pair:-0} ^ 0x36)) b=$((0x${pair:-0} ^ 0x5c)) count=$((count + 1))
        inner="$inner\\$((a >> 6))$((a >> 3 & 7))$((a & 7))"
        outer="$outer\\$((b >> 6))$((b >> 3 & 7))$((b & 7))"
    done
    hash=$({
        printf "$outer"
        { printf "$inner"; cat; } | openssl dgst -sha256 -binary
    } | openssl dgst -sha256 -r) && printf %s "${hash%% *}"
)
