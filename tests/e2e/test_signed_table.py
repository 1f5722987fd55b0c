"""The real daemon's table beside the real daemon's answers."""

import json
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Final

import pytest

from pbx_adapters.auth import create_token
from schedules.documents import read_document
from schedules.forward_rules import ForwardPolicy
from schedules.model import Schedule
from tests.e2e.daemon import AT, Daemon, wait_until
from tests.pbx.table_reader import find_fields, verify

EXAMPLE: Final = Path(__file__).parents[2] / "docs/examples/hoofdkantoor.yaml"
INSTANT: Final = "%Y-%m-%dT%H:%M:%SZ"


def overridden(now: datetime) -> Schedule:
    """Return an example with an override about now, and an exception two days from now."""
    text = EXAMPLE.read_bytes()
    document = read_document(text, ForwardPolicy(), take_file=lambda _: "ab" * 32)
    storing = {
        "from": f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M}+00:00",
        "until": f"{now + timedelta(hours=1):%Y-%m-%dT%H:%M}+00:00",
        "slot": "closed audio=gesloten voicemail",
        "reason": "Storing",
    }
    day = f"{now + timedelta(days=2):%Y-%m-%d}"
    feest = {"name": "Feest", "dates": [day], "slots": ["00:00-24:00 break forward=winkel"]}
    fields = document.schedule.model_dump()
    return Schedule.model_validate(
        fields
        | {"overrides": {"storing": storing}, "exceptions": {"feest": feest}, "template": None}
    )


def test_the_table_says_what_the_daemon_answers(running: Daemon) -> None:
    """At each edge of a week, and a second before and after it, every field is the same."""
    now = datetime.now(UTC)
    pbx, text = create_token(
        "pbx", is_operator=False, schedules=["hoofdkantoor"], networks=(), created_at=AT
    )
    with running.store() as store, store.writing("test", AT) as writer:
        writer.save(overridden(now), summary="test")
        writer.add_token(pbx)
    wait_until(lambda: running.call(schedule="hoofdkantoor").fields["schedule"], "it is served")
    status, headers, body = running.request("GET", "/table/hoofdkantoor", token=text)
    assert status == 200
    verify(body, headers["Bereikbaar-Signature"], pbx.table_key)
    intervals = json.loads(body)["intervals"]
    assert {one["reason"] for one in intervals} >= {"override", "exception", "weekly"}
    edges = [datetime.strptime(one["from"], INSTANT).replace(tzinfo=UTC) for one in intervals]
    around = ([edge + timedelta(seconds=second) for second in (-1, 0, 1)] for edge in edges)
    for at in list(chain.from_iterable(around))[1:]:
        moment = at.strftime(INSTANT)
        answer = running.call(schedule="hoofdkantoor", at=moment).fields
        assert answer.pop("at") == moment
        del answer["decision_id"]
        found = find_fields(body, moment)
        del found["from"], found["until"]
        assert list(found.items()) == list(answer.items())


@pytest.mark.parametrize("target", ["/table/hoofdkantoor", "/table?did=0850000000"])
def test_the_daemon_refuses_who_has_no_token(running: Daemon, target: str) -> None:
    """A table tells opening hours and numbers: nobody gets it for nothing."""
    assert running.ask("GET", target, token="bk_none_x").status == 401
