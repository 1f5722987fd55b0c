"""Show it working: load the example company, start the daemon, and make some calls to it.

Started by `make run`. Serves until Ctrl-C; the data stays in the data directory.
"""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import quote, urlencode

HERE = Path(__file__).parent
BEREIKBAAR = str(Path(sys.executable).with_name("bereikbaar"))
DATA_DIR = Path(os.environ.get("BEREIKBAAR_DATA_DIR", "data"))
LISTEN = os.environ.get("BEREIKBAAR_LISTEN", "127.0.0.1:8470")
DEMO = "demo"
START_SECONDS = 60
OK = 200
SHOWN = ("status", "action", "audio", "forward", "voicemail", "rule", "valid_until", "next_status")

# Dialect, parameters, and what the call shows.
CALLS = (
    ("3cx", {"did": "0850000100", "cli": "0612345678"}, "head office, now"),
    ("3cx", {"did": "sip:+31850000115@trunk.example"}, "a number of its block, as a SIP address"),
    ("swyx", {"called": "31850000200"}, "the shop, now, on Swyx"),
    ("asterisk", {"did": "0031850000300"}, "the café, now, on Asterisk"),
    ("swyx", {"did": "085-0000911"}, "the on-call line, now"),
    ("3cx", {"did": "0850000100", "at": "2026-12-05T11:00"}, "head office at its open day"),
    ("3cx", {"did": "0850000100", "at": "2027-04-27T10:00"}, "head office on Koningsdag"),
    ("swyx", {"did": "0850000200", "at": "2026-12-06T13:00"}, "the shop on a shopping Sunday"),
    ("asterisk", {"did": "0850000300", "at": "2026-12-05T01:30"}, "the café, Friday night at 1:30"),
    ("generic", {"did": "0201234567"}, "a number nobody linked: the PBX's normal route"),
)


def main() -> None:
    """Load, serve, call, and wait for Ctrl-C."""
    documents = sorted(str(path) for path in HERE.glob("*.yaml"))
    say("1. Load the example company")
    bereikbaar("apply", *documents)
    token = new_token()
    say(f"2. Start the daemon on {LISTEN}")
    log_path = DATA_DIR / "demo.log"
    with log_path.open("wb") as log:
        daemon = subprocess.Popen([BEREIKBAAR, "serve", "--listen", LISTEN], stderr=log)
    try:
        wait_until_ready(daemon, log_path)
        print(f"ready; its log is {log_path}")
        say("3. Ask what a PBX would ask")
        for dialect, parameters, what in CALLS:
            show_call(token, dialect, parameters, what)
        say("4. Try it yourself")
        print(f"curl -H 'Authorization: Bearer {token}' 'http://{LISTEN}/hook/3cx?did=0850000100'")
        print(f"{os.path.relpath(BEREIKBAAR)} check --number 0850000100 --explain")
        print("\nServing until Ctrl-C.", flush=True)
        sys.exit(daemon.wait())
    except KeyboardInterrupt:
        print("\nStopping.")
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(timeout=30)
        bereikbaar("token", "revoke", DEMO, quiet=True)


def say(title: str) -> None:
    """Print a heading."""
    print(f"\n== {title}", flush=True)


def bereikbaar(*arguments: str, quiet: bool = False) -> str:
    """Run the command as a person would; ends this script where it refuses."""
    if not quiet:
        shown = " ".join(os.path.relpath(arg) if "/" in arg else arg for arg in arguments)
        print(f"$ bereikbaar {shown}", flush=True)
    output = subprocess.PIPE if quiet else None
    result = subprocess.run(
        [BEREIKBAAR, *arguments], stdout=output, stderr=output, text=True, check=False
    )
    if result.returncode:
        sys.exit(result.stderr or result.returncode)
    return result.stdout or ""


def new_token() -> str:
    """Create the demo's token; one that an earlier run left behind is revoked."""
    tokens = json.loads(bereikbaar("token", "list", "--json", quiet=True))
    for token in tokens:
        if token["name"] == DEMO and not token.get("revoked_at"):
            bereikbaar("token", "revoke", token["id"], quiet=True)
    created = bereikbaar("token", "create", DEMO, "--operator", "--json", quiet=True)
    return str(json.loads(created)["token"])


def wait_until_ready(daemon: "subprocess.Popen[bytes]", log_path: Path) -> None:
    """Poll readiness until every schedule is in service."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and daemon.poll() is None:
        try:
            status, _ = get("/-/ready")
        except (HTTPException, OSError):
            status = 0
        if status == OK:
            return
        time.sleep(0.1)
    sys.exit(f"the daemon did not start; its log says:\n{log_path.read_text()}")


def get(path: str, **headers: str) -> tuple[int, str]:
    """Make one request to the daemon; returns the status code and the body."""
    with closing(HTTPConnection(LISTEN, timeout=5)) as connection:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read().decode()


def show_call(token: str, dialect: str, parameters: dict[str, str], what: str) -> None:
    """Make one real request and print the fields that matter."""
    path = f"/hook/{dialect}?{urlencode(parameters, quote_via=quote)}"
    status, body = get(f"{path}&format=json", Authorization=f"Bearer {token}")
    if status != OK:
        sys.exit(f"GET {path} was answered {status}: {body}")
    answer = json.loads(body)
    print(f"\n{what}\n  GET {path}")
    print("  " + "  ".join(f"{name}={answer[name]}" for name in SHOWN if answer[name]))


if __name__ == "__main__":
    main()
