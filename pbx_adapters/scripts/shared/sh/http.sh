# What the daemon is asked over HTTP, in a POSIX shell with curl, od and awk.
# Before it: bereikbaar_url (no trailing slash) and bereikbaar_token, neither of them exported.
# Neither the token nor a caller's number stands on a command line, where others would see it.
LC_ALL=C
export LC_ALL

# bereikbaar_encoded TEXT: prints TEXT as part of a query.
bereikbaar_encoded() {
    case $1 in
    *[!A-Za-z0-9_-]*)
        printf %s "$1" | od -An -v -tx1 | awk '{ for (i = 1; i <= NF; i++) printf "%%%s", $i }'
        ;;
    *) printf %s "$1" ;;
    esac
}

# bereikbaar_of_caller TEXT: prints what a caller may have chosen as part of a query. What the daemon
# would refuse for its length or its bytes is left out: a caller can't escape by it.
bereikbaar_of_caller() {
    bereikbaar_encoded "$(printf %s "$1" | tr -cd ' -~' | head -c 128)"
}

# bereikbaar_curl SECONDS PATH OPTION...: asks for PATH; redirects are not followed.
bereikbaar_curl() {
    bereikbaar_seconds=$1
    bereikbaar_path=$2
    shift 2
    curl -q --silent --globoff --proto =http,https --config - --max-time "$bereikbaar_seconds" \
        --connect-timeout "$bereikbaar_seconds" "$@" <<END
url = "$bereikbaar_url$bereikbaar_path"
header = "Authorization: Bearer $bereikbaar_token"
END
}

# bereikbaar_get SECONDS BYTES PATH: prints the body, and after it a line with the HTTP status (000
# without one) and curl's exit code. Of a body above BYTES no such line is printed.
bereikbaar_get() {
    {
        bereikbaar_curl "$1" "$3" --max-filesize "$2" --write-out '\n%{http_code}'
        printf ' %s\n' "$?"
    } | head -c $(($2 + 10))
}

# bereikbaar_download SECONDS BYTES PATH FILE: writes a body of at most BYTES to FILE, and the
# headers to FILE.head; fails unless all of it came with status 200.
bereikbaar_download() (
    # Of what doesn't say how long it is, curl would write without end.
    trap '' XFSZ
    ulimit -f $(($2 / 512 + 1))
    code=$(bereikbaar_curl "$1" "$3" --max-filesize "$2" --output "$4" --dump-header "$4.head" \
        --write-out '%{http_code}') && [ "$code" = 200 ]
)
