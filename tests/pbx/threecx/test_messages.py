"""Messages that the 3CX script downloads, and the hashes by which it knows them."""

import hashlib
import hmac

import pytest

from tests.pbx.bad_server import Page, bad_server
from tests.pbx.threecx.mono import Script
from tests.pbx.threecx.site import DIGEST, HEARD, answer_of
from tests.pbx.treated import MESSAGE

pytestmark = pytest.mark.pbx


@pytest.mark.parametrize(
    ("page", "is_played"),
    [
        pytest.param(Page(MESSAGE), True, id="whole"),
        pytest.param(Page(MESSAGE[:-2]), False, id="other bytes"),
        pytest.param(Page(MESSAGE, status=404), False, id="not found"),
        pytest.param(Page(b""), False, id="empty"),
        pytest.param(Page(bytes(10 * 1024 * 1024 + 1)), False, id="too large"),
    ],
)
def test_only_the_right_bytes_are_played(script: Script, page: Page, is_played: bool) -> None:  # noqa: FBT001 - a column of the table above
    """A message that isn't what its name says is neither played nor kept; the call goes on."""
    with bad_server("404") as server:
        server.pages |= {"/hook/3cx": Page(answer_of(audio=f"{DIGEST}.wav"))}
        server.pages |= {f"/audio/{DIGEST}.wav": page}
        script.set(BaseUrl=server.url)
        for _ in range(2):
            call = script.call("+31850000000")
            assert (call.lot, call.played) == ("hung up", HEARD if is_played else ())
    asked = [path for path in server.requests if path.startswith("/audio/")]
    assert len(asked) == (1 if is_played else 2)
    kept = [path.name for path in script.folder.iterdir()] if script.folder.exists() else []
    assert kept == ([f"{DIGEST}.wav"] if is_played else [])


@pytest.mark.parametrize("name", ["../../etc/passwd", f"{DIGEST}.wav/..", f"{DIGEST.upper()}.wav"])
def test_no_other_file_is_played(script: Script, name: str) -> None:
    """A name that is no hash is no message, and is asked of nobody."""
    with bad_server("404") as server:
        server.pages |= {"/hook/3cx": Page(answer_of(audio=name))}
        script.set(BaseUrl=server.url)
        call = script.call("+31850000000")
        assert (call.lot, call.played) == ("hung up", ())
        assert not [
            path for path in server.requests if "/hook" not in path and "/table" not in path
        ]


@pytest.mark.parametrize(
    ("size", "key_size"), [(0, 0), (1, 32), (55, 64), (56, 65), (64, 131), (119, 1), (100_000, 32)]
)
def test_hashes_are_right(script: Script, size: int, key_size: int) -> None:
    """Written out as they are, the script's SHA-256 and HMAC are those of the library."""
    data = bytes(number * 7 % 256 for number in range(size))
    key = bytes(number * 11 % 256 for number in range(key_size))
    assert script.command("sha256", data.hex()) == [hashlib.sha256(data).hexdigest()]
    right = hmac.new(key, data, hashlib.sha256).hexdigest()
    assert script.command("hmac", key.hex(), data.hex()) == [right]
