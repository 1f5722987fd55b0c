# Messages, downloaded once. After sh/http.sh; with openssl and wc. Before it: bereikbaar_folder.

# bereikbaar_audio NAME: prints the path of the message NAME, 64 hexadecimal digits and .wav, after
# downloading it where it isn't there yet; fails where it can't be had within five seconds.
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
        mkdir -p "$bereikbaar_folder" && new=$(mktemp "$file.XXXXXX") || exit 1
        trap 'rm -f "$new" "$new.head"' EXIT
        bereikbaar_download 5 10000000 "/audio/$1" "$new" || exit 1
        [ "$(wc -c <"$new")" -gt 44 ] || exit 1
        found=$(openssl dgst -sha256 -r <"$new") && [ "${found%% *}" = "$hash" ] || exit 1
        mv -f "$new" "$file"
    fi
    printf %s "$file"
)
