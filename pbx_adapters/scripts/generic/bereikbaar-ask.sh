#!/bin/sh
# Asks Bereikbaar what happens to a call, and prints it as key=value lines.
#
#     bereikbaar-ask.sh CALLED [CALLER [CALL-ID]]
#
# Exit code 0: do what action= says, after playing the file that play= names, if any.
# Exit code 1: nothing is known: the normal route. Exit code 2: wrongly called; the normal route too.
# Whatever happens, action=continue is printed where nothing else is: the normal route.
# Needs a POSIX shell, curl, openssl, awk and od. Guide: docs/pbx/generic.md of Bereikbaar.
# Part of Bereikbaar, GPL-3.0-or-later. It holds a secret: mode 0700, owned by the user of the PBX.
bereikbaar_url='@@BASE_URL@@'
bereikbaar_token='@@TOKEN@@'
bereikbaar_table_key='@@TABLE_KEY@@'
bereikbaar_folder='@@FOLDER@@'
bereikbaar_timeout='@@TIMEOUT_SECONDS@@'
number='@@NUMBER@@'
schedule='@@SCHEDULE@@'
default_route='@@DEFAULT_ROUTE@@'

@@INCLUDE sh/http.sh@@

@@INCLUDE sh/table.sh@@

@@INCLUDE sh/audio.sh@@

most_bytes=16384
line_feed='
'
carriage_return=$(printf '\r')

# normal_route WHY [EXIT-CODE]: lets the call go on as if nobody had asked.
normal_route() {
    echo "bereikbaar: $1; the call takes its normal route" >&2
    printf '%s\n' source=none "why=$1" status=unknown action=continue play= forward= voicemail= \
        "route=$default_route"
    exit "${2:-1}"
}

# is_telephone_number TEXT: tells whether it is E.164, as forwards are.
is_telephone_number() {
    case $1 in
    +[!1-9]* | +*[!0-9]* | +) return 1 ;;
    +*) [ "${#1}" -ge 8 ] && [ "${#1}" -le 16 ] ;;
    *) return 1 ;;
    esac
}

# read_answer LINES: takes over what key=value lines say; fails unless all of it can be done.
read_answer() {
    status='' action='' audio='' forward='' voicemail='' called_schedule='' reason='' rule='' seen=' '
    while IFS= read -r line; do
        line=${line%"$carriage_return"}
        case $line in
        *=*) ;;
        *) continue ;;
        esac
        # What comes twice can't be trusted.
        case $seen in
        *" ${line%%=*} "*) return 1 ;;
        esac
        seen="$seen${line%%=*} "
        case $line in
        status=*) status=${line#*=} ;;
        action=*) action=${line#*=} ;;
        audio=*) audio=${line#*=} ;;
        forward=*) forward=${line#*=} ;;
        voicemail=*) voicemail=${line#*=} ;;
        schedule=*) called_schedule=${line#*=} ;;
        reason=*) reason=${line#*=} ;;
        rule=*) rule=${line#*=} ;;
        esac
    done <<END
$1
END
    # The last of them: one that was cut off may end in half a number.
    case $seen in
    *" error "*) ;;
    *) return 1 ;;
    esac
    case $status in
    open | closed | break | unknown) ;;
    *) return 1 ;;
    esac
    case $action in
    continue | voicemail | hangup) ;;
    forward) is_telephone_number "$forward" ;;
    *) return 1 ;;
    esac
}

# ask_table WHY: answers from the kept table, since the daemon can't be reached.
ask_table() {
    lines=$(bereikbaar_table_answer "$asked" "$(date -u +%Y-%m-%dT%H:%M:%SZ)") && read_answer "$lines" ||
        normal_route "$1, and no table of it is kept that is valid"
    source=table why=$1
    play=$(bereikbaar_audio "$audio" kept)
}

[ "$#" -ge 1 ] && [ "$#" -le 3 ] || normal_route "called with $# arguments instead of one to three" 2
case ${schedule:+schedule}${number:+number} in
schedule) asked=schedule=$schedule ;;
number) asked=did=$number ;;
*) asked=did=$1 ;;
esac
query="${asked%%=*}=$(bereikbaar_encoded "${asked#*=}")"
query="$query&cli=$(bereikbaar_of_caller "${2-}")&callid=$(bereikbaar_of_caller "${3-}")"

answer=$(bereikbaar_get "$bereikbaar_timeout" "$most_bytes" "/hook/generic?format=text&$query")
outcome=${answer##*"$line_feed"}
case $outcome in
"200 0")
    read_answer "$answer" || normal_route "the answer is not one that is known here"
    source=daemon why=
    play=$(bereikbaar_audio "$audio")
    ;;
5[0-9][0-9]\ *) ask_table "the daemon answered with HTTP ${outcome%% *}" ;;
[34][0-9][0-9]\ *) normal_route "the daemon refused with HTTP ${outcome%% *}" ;;
[0-9][0-9][0-9]\ 63) normal_route "the answer is too long" ;;
[0-9][0-9][0-9]\ [1-9]*) ask_table "the daemon gave no answer (curl ends with ${outcome##* })" ;;
*) normal_route "the answer is not one that is known here" ;;
esac

[ "$action" = continue ] || default_route=
printf '%s\n' "source=$source" "why=$why" "status=$status" "action=$action" "play=$play" \
    "forward=$forward" "voicemail=$voicemail" "route=$default_route" \
    "schedule=$called_schedule" "reason=$reason" "rule=$rule"

# Of what is unknown there is no table; whoever tries numbers leaves no files behind.
if [ "$source" = daemon ] && [ "$status" != unknown ]; then
    # The caller doesn't wait for it; what goes wrong stands in the system's log.
    { bereikbaar_keep_table "$asked" && bereikbaar_keep_messages "$asked"; } </dev/null 2>&1 >/dev/null |
        { logger -t bereikbaar || cat; } >/dev/null 2>&1 &
fi
exit 0
