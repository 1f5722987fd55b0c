"""A daemon with a schedule for each way in which a call is treated, and tables of its making."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from audio_store.masters import MasterFiles
from pbx_adapters import clock
from tests.e2e.daemon import Daemon, new_daemon
from tests.e2e.test_audio import tone

MESSAGE: Final = tone(0.1)
# By scenario of the call matrix: the number called, its schedule, and what becomes of the caller.
Treatments = Mapping[str, tuple[str, str, str]]
TREATED: Final[Treatments] = {
    "message heard": ("+31850000001", "closed audio=m", "hangup"),
    "forwarded": ("+31850000002", "closed audio=m forward=f", "forward +31612345678"),
    "voicemail": ("+31850000003", "closed voicemail", "voicemail desk@example.nl"),
    "hang-up": ("+31850000004", "closed", "hangup"),
    "continue": ("+31850000005", "open", "continue"),
    "open with message": ("+31850000006", "open audio=m", "continue"),
    "break": ("+31850000007", "break audio=m", "hangup"),
    "override": ("+31850000008", "open", "hangup"),
    "exception": ("+31850000009", "open", "hangup"),
    "audio missing": ("+31850000010", "closed audio=gone", "hangup"),
}
# By mode of the misbehaving server.
FAILURES: Final = {
    "slow": "slow daemon",
    "refused": "dead daemon without table",
    "401": "wrong token",
    "malformed": "malformed answer",
    "unknown-action": "unknown action",
    "500": "500 answer",
}
# Modes after which a call takes the normal route, where no table is kept.
UNTRUSTED: Final = (
    *FAILURES,
    *("drip", "huge", "redirect", "html", "empty", "closed", "no-http", "bad-chunks", "cut"),
    *("unknown-status", "bad-forward", "400", "403", "404", "429", "503"),
)
# Every scenario of a script that keeps a table.
SCENARIOS: Final = (
    *TREATED,
    *FAILURES.values(),
    "unknown number",
    "dead daemon with table",
    "expired table",
    "table wrongly signed",
)
# Modes of a daemon that lives: no kept table stands in for it.
ANSWERING: Final = ("400", "401", "403", "429", "redirect", "html", "unknown-action")
# Scenario of the call matrix, how old the table is, and its signature where that isn't right.
TABLES_THAT_DO_NOT_HOLD: Final = (
    pytest.param("expired table", timedelta(days=7), None, id="expired"),
    pytest.param("expired table", -timedelta(hours=1), None, id="of the future"),
    pytest.param("table wrongly signed", timedelta(hours=1), "v1=" + "0" * 64, id="zeros"),
    pytest.param("table wrongly signed", timedelta(hours=1), "", id="not signed"),
)


@contextmanager
def treating_daemon(folder: Path, treated: Treatments = TREATED) -> Iterator[Daemon]:
    """Run a daemon that treats a call to each number as `treated` says, until the block ends."""
    with new_daemon(folder) as daemon:
        message = MasterFiles(daemon.data_dir / "audio").add(MESSAGE)
        now = clock.utc_now().replace(second=0, microsecond=0)
        more: dict[str, dict[str, object]] = {
            "override": {
                "from": (now - timedelta(hours=1)).isoformat(),
                "until": (now + timedelta(hours=1)).isoformat(),
                "slot": "closed",
                "reason": "Storing",
            },
            "exception": {
                "name": "Dicht",
                "dates": [f"{now + timedelta(days=shift):%Y-%m-%d}" for shift in (-1, 0, 1)],
                "slots": ["00:00-24:00 closed"],
            },
        }
        for name, (number, treatment, _) in treated.items():
            daemon.save(
                treatment,
                name.replace(" ", "-"),
                numbers=[number],
                voicemail_email="desk@example.nl",
                forwards={"f": {"name": "F", "number": "+31612345678"}},
                audio={
                    "m": {"name": "M", "sha256": message},
                    "gone": {"name": "Gone", "sha256": "ab" * 32},
                },
                **({f"{name}s": {"x": more[name]}} if name in more else {}),
            )
        daemon.start()
        yield daemon


def forwarding_table(
    now: datetime,
    *,
    age: timedelta = timedelta(hours=1),
    forward: str = "+31687654321",
    name: str = "Office",
) -> bytes:
    """Return a table made so long ago, by which every call is forwarded; `name` is JSON's text."""
    made = now - age
    start, end = (f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (made, made + timedelta(days=7)))
    return (
        f'{{"schedule":"office","revision":"1","generated_at":"{start}","expires_at":"{end}",'
        f'"intervals":[\n{{"from":"{start}","until":"{end}","status":"closed","action":"forward",'
        f'"audio":"","audio_url":"","forward":"{forward}","voicemail":"","schedule":"office",'
        f'"schedule_name":"{name}","reason":"weekly","rule":"week/mon","valid_until":"",'
        '"next_status":"","revision":"1","error":""}\n]}\n'
    ).encode()
