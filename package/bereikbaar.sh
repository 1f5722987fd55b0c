#!/bin/sh
# The command line, on the data of the service. Root gives up its rights first: the daemon could not
# read what root would write.
set -eu

: "${BEREIKBAAR_DATA_DIR:=/var/lib/bereikbaar}"
export BEREIKBAAR_DATA_DIR

if [ "$(id -u)" -ne 0 ]; then
    exec /usr/lib/bereikbaar/bin/bereikbaar "$@"
fi

# The author of a change is who asked for it.
LOGNAME=${SUDO_USER:-root}
HOME=/var/lib/bereikbaar
export LOGNAME HOME
exec setpriv --reuid=bereikbaar --regid=bereikbaar --init-groups --no-new-privs \
    /usr/lib/bereikbaar/bin/bereikbaar "$@"
