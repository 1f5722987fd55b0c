"""The misbehaving server misbehaves as it says, so that scripts are tested by what they meet."""

import http.client
import json
from contextlib import closing

import pytest

from tests.pbx.bad_server import BELIEVED, Page, bad_server

_SECONDS = 5.0


def _get(port: int, path: str) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)) as connection:
        connection.request("GET", path, headers={"Authorization": "Bearer bk_1_x"})
        reply = connection.getresponse()
        return reply.status, reply.read()


def test_a_refused_connection_is_refused() -> None:
    """Nobody listens there."""
    with bad_server("refused") as server, pytest.raises(ConnectionRefusedError):
        _get(server.port, "/hook/generic")


@pytest.mark.parametrize("mode", ["500", "401", "429"])
def test_wrong_codes_carry_a_believable_answer(mode: str) -> None:
    """So that a script that looks at the fields alone is found out."""
    with bad_server(mode) as server:
        status, body = _get(server.port, "/hook/generic?did=1")
    assert (status, json.loads(body)["forward"]) == (int(mode), BELIEVED)
    assert (server.requests, server.authorizations) == (
        ["/hook/generic?did=1"],
        ["Bearer bk_1_x"],
    )


def test_an_unknown_action_is_sent_as_text_too() -> None:
    """In the lines that scripts without JSON ask for."""
    with bad_server("unknown-action") as server:
        _, body = _get(server.port, "/hook/asterisk?format=text&did=1")
    assert b"\r\naction=dance\r\n" in body


def test_a_path_may_have_a_page_of_its_own() -> None:
    """Such as a table, beside a hook that fails."""
    with bad_server("500") as server:
        server.pages["/table/office"] = Page(b"{}", headers={"Bereikbaar_Signature": "v1=00"})
        assert _get(server.port, "/table/office?x=1") == (200, b"{}")


@pytest.mark.parametrize("mode", ["closed", "no-http", "bad-chunks", "cut"])
def test_what_is_no_answer_is_none_to_a_client(mode: str) -> None:
    """It says so instead of giving fields."""
    with bad_server(mode) as server, pytest.raises((http.client.HTTPException, ConnectionError)):
        _get(server.port, "/hook/generic")
