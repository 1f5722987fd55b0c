"""The hook as FastAPI and opening-hours-py make it: open or not, and whose number it is.

Run as `python -m benchmarks.peers.fastapi_hook HAND_OVER.json` in the peers' own environment, it
serves until it is ended; it prints its port. It imports nothing of ours.
"""

import gc
import json
import socket
import sys
from datetime import datetime
from hmac import compare_digest
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from zoneinfo import ZoneInfo

import uvicorn
from fastapi import FastAPI, Header, HTTPException
from fastapi.responses import JSONResponse
from opening_hours import OpeningHours

KEEPALIVE_SECONDS = 75

# It takes no time zone but of this class, not even datetime.UTC.
_UTC = ZoneInfo("UTC")


class _Line(NamedTuple):
    """What a number leads to."""

    schedule: str
    schedule_name: str
    hours: OpeningHours


def normalise(number: str) -> str:
    """Write a number as trunks deliver it, `085…`, `003185…` or `3185…`, as `+3185…`."""
    if number.startswith("+"):
        return number
    if number.startswith("00"):
        return f"+{number[2:]}"
    return f"+31{number[1:]}" if number.startswith("0") else f"+{number}"


def build_app(handed: dict[str, Any]) -> FastAPI:
    """Parse all hours, and make the application around them."""
    lines = [
        _Line(one["id"], one["name"], OpeningHours(one["hours"], ZoneInfo(one["timezone"])))
        for one in handed["schedules"]
    ]
    numbers = {number: lines[place] for number, place in handed["numbers"].items()}
    expected = f"Bearer {handed['token']}".encode()

    # Each parameter that it declares costs a call time: those that it doesn't need it leaves.
    async def hook(did: str, authorization: Annotated[str, Header()] = "") -> JSONResponse:
        """Say whether the number called is open now."""
        if not compare_digest(authorization.encode(), expected):
            raise HTTPException(401)
        line = numbers.get(normalise(did))
        if line is None:
            return JSONResponse(_answer("unknown", "", "", "unknown-number"))
        # Left to find out itself what time it is, it takes this machine's clock for the zone's.
        status = "open" if line.hours.is_open(datetime.now(_UTC)) else "closed"
        return JSONResponse(_answer(status, line.schedule, line.schedule_name, "hours"))

    app = FastAPI(openapi_url=None)
    app.add_api_route("/hook", hook)
    return app


def _answer(status: str, schedule: str, schedule_name: str, reason: str) -> dict[str, str]:
    return {
        "status": status,
        "schedule": schedule,
        "schedule_name": schedule_name,
        "reason": reason,
    }


def main(path: Path) -> None:
    """Serve on any free port of this machine itself, in one process and without a log."""
    config = uvicorn.Config(
        build_app(json.loads(path.read_text())),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEPALIVE_SECONDS,
    )
    gc.collect()
    gc.freeze()
    with socket.create_server(("127.0.0.1", 0), backlog=config.backlog) as listening:
        sys.stdout.write(f"{listening.getsockname()[1]}\n")
        sys.stdout.flush()
        uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
