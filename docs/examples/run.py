"""Show it working: load the example company, start the daemon, and make some calls to it.

Started by `make run`. Serves until Ctrl-C or SIGTERM; the data stays in the data directory.
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
from types import FrameType
from urllib.parse import quote, urlencode

HERE = Path(__file__).parent
BEREIKBAAR = str(Path(sys.executable).with_name("bereikbaar"))
DATA_DIR = Path(os.environ.get("BEREIKBAAR_DATA_DIR", "data"))
LISTEN = os.environ.get("BEREIKBAAR_LISTEN", "127.0.0.1:8470")
DEMO = "demo"
START_SECONDS = 60
LOG_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND
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
    """Load, serve, call, and wait for Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGTERM, interrupt)
    try:
        show()
    except KeyboardInterrupt:
        print("\nStopping.")


def interrupt(_number: int, _frame: FrameType | None) -> None:
    """Stop as on Ctrl-C."""
    raise KeyboardInterrupt


def show() -> None:
    """Load and call; serve until interrupted, and leave neither daemon nor token behind."""
    say("1. Load the example company")
    load()
    token_id, token = new_token()
    say(f"2. Start the daemon on {LISTEN}")
    log_path = DATA_DIR / "demo.log"
    command = [BEREIKBAAR, "serve", "--listen", LISTEN, "--data-dir", str(DATA_DIR)]
    daemon = None
    try:
        # Another demo may still write to it, so it is only ever added to.
        with os.fdopen(os.open(log_path, LOG_FLAGS, 0o600), "wb") as log:
            os.fchmod(log.fileno(), 0o600)
            began_at = log.seek(0, os.SEEK_END)
            daemon = subprocess.Popen(command, stderr=log)
        wait_until_ready(daemon, log_path, began_at)
        print(f"ready; its log is {log_path}")
        say("3. Ask what a PBX would ask")
        for dialect, parameters, what in CALLS:
            show_call(token, dialect, parameters, what)
        say("4. Try it yourself")
        print(f"curl -H 'Authorization: Bearer {token}' 'http://{LISTEN}/hook/3cx?did=0850000100'")
        data_dir = f" --data-dir {DATA_DIR}"
        print(f"{os.path.relpath(BEREIKBAAR)} check --number 0850000100 --explain{data_dir}")
        print("\nServing until Ctrl-C.", flush=True)
        sys.exit(daemon.wait())
    finally:
        if daemon is not None:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(timeout=30)
        # It may have been revoked by hand.
        run("token", "revoke", token_id, is_shown=False)


def say(title: str) -> None:
    """Print a heading."""
    print(f"\n== {title}", flush=True)


def bereikbaar(*arguments: str, quiet: bool = False) -> str:
    """Run the command as a person would; ends this script where it refuses."""
    if not quiet:
        shown = " ".join(os.path.relpath(arg) if "/" in arg else arg for arg in arguments)
        print(f"$ bereikbaar {shown}", flush=True)
    result = run(*arguments, is_shown=not quiet)
    if result.returncode:
        sys.exit(result.stderr or result.returncode)
    return result.stdout or ""


def run(*arguments: str, is_shown: bool) -> "subprocess.CompletedProcess[str]":
    """Run the command, and keep what it says unless it is shown."""
    output = None if is_shown else subprocess.PIPE
    return subprocess.run(
        [BEREIKBAAR, *arguments, "--data-dir", str(DATA_DIR)],
        stdout=output,
        stderr=output,
        text=True,
        check=False,
    )


def load() -> None:
    """Apply the example documents; a schedule that is there already stays as it was edited."""
    documents = {path.stem: str(path) for path in sorted(HERE.glob("*.yaml"))}
    present: set[str] = set()
    if (DATA_DIR / "bereikbaar.db").exists():
        listed = json.loads(bereikbaar("schedule", "list", "--json", quiet=True))
        present = {schedule["id"] for schedule in listed} & documents.keys()
    if present:
        print(f"there already, and left as they are: {', '.join(sorted(present))}", flush=True)
    if absent := [path for name, path in documents.items() if name not in present]:
        bereikbaar("apply", *absent)


def new_token() -> tuple[str, str]:
    """Create a token for this demo alone; returns its id, and the token."""
    created = json.loads(bereikbaar("token", "create", DEMO, "--operator", "--json", quiet=True))
    return created["id"], created["token"]


def wait_until_ready(daemon: "subprocess.Popen[bytes]", log_path: Path, began_at: int) -> None:
    """Wait until this daemon listens and has every schedule in service.

    Who answers may be another process on the same address; that this one listens its log says,
    from the byte where it began.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and daemon.poll() is None:
        if is_listening(log_path, began_at) and is_ready():
            return
        time.sleep(0.1)
    said = log_path.read_bytes()[began_at:].decode(errors="replace")
    sys.exit(f"the daemon did not start; it says:\n{said}")


def is_listening(log_path: Path, began_at: int) -> bool:
    """Tell whether a daemon's log says that it listens."""
    return b'"event":"listening"' in log_path.read_bytes()[began_at:].replace(b": ", b":")


def is_ready() -> bool:
    """Ask whether every schedule is in service."""
    try:
        status, _ = get("/-/ready")
    except (HTTPException, OSError):
        return False
    return status == OK


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
