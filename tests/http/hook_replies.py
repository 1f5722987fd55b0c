"""What an answer of the hook must be."""

import json

from tests.http.site import FIELDS, Reply

STATUS_OF = {
    "bad-request": 400,
    "ambiguous-time": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "too-many-attempts": 429,
    "too-large": 413,
    "unavailable": 503,
}

LINKED = "0850000000"


def assert_refused(reply: Reply, error: str) -> None:
    """Expect the status code of an error, and a JSON answer that routes normally."""
    answer = json.loads(reply.body)
    assert (reply.status, answer["error"]) == (STATUS_OF[error], error)
    assert list(answer) == FIELDS
    assert (answer["status"], answer["action"]) == ("unknown", "continue")
    assert reply.headers["content-length"] == str(len(reply.body))
    assert reply.headers["bereikbaar-detail"]


def reached(reply: Reply) -> str:
    """Return which schedule answered."""
    assert reply.status == 200, reply
    return str(json.loads(reply.body)["schedule"])


def assert_bare(reply: Reply, error: str) -> None:
    """Expect the answer to what never became a call: it routes normally too."""
    answer = json.loads(reply.body)
    told = {"status": "unknown", "action": "continue", "error": error}
    assert answer == dict.fromkeys(FIELDS, "") | told
    assert list(answer) == FIELDS
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["content-length"] == str(len(reply.body))
    assert reply.headers["bereikbaar-detail"]
