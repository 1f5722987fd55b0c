# Messages, downloaded once. After sh/http.sh and sh/table.sh; with openssl, grep and wc.

# bereikbaar_audio NAME [kept]: prints the path of the message NAME, 64 hexadecimal digits and .wav,
# after downloading it where it isn't there yet, but for `kept`; fails where it isn't to be had.
bereikbaar_audio() (
    umask 077
    hash=${1%.wav}
    case ${#1}:$hash in
    68:*[!0-9a-f]*) exit 1 ;;
    68:*) ;;
    *) exit 1 ;;
    esac
    [ "$1" = "$hash.wav" ] || exit 1
    file=$bereikbaar_folder/$1
    if [ ! -s "$file" ]; then
        [ -z "${2-}" ] && mkdir -p "$bereikbaar_folder" && new=$(mktemp "$file.XXXXXX") || exit 1
        trap 'rm -f "$new" "$new.head"' EXIT
        bereikbaar_download 5 10485760 "/audio/$1" "$new" || exit 1
        [ "$(wc -c <"$new")" -gt 44 ] || exit 1
        found=$(openssl dgst -sha256 -r <"$new") && [ "${found%% *}" = "$hash" ] || exit 1
        mv -f "$new" "$file"
    fi
    printf %s "$file"
)

# bereikbaar_keep_messages ASKED: downloads the messages that the kept table names, since those that
# nobody has heard yet can't be had any more once the daemon can't be reached.
bereikbaar_keep_messages() {
    for bereikbaar_name in $(grep -o '[0-9a-f]\{64\}\.wav' "$bereikbaar_folder/table-$1" | sort -u); do
        bereikbaar_audio "$bereikbaar_name" >/dev/null
    done
}
