"""A signed table written by hand, byte by byte, and the signature that openssl gives it."""

from pathlib import Path

import pytest

from pbx_adapters.signed_table import render_table, signature_of
from tests.engine import instant, schedule_of, table_of
from tests.pbx.table_reader import RefusedTableError, find_fields, verify

TABLE = Path(__file__).with_name("signed_table.json")
KEY = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
# openssl dgst -sha256 -mac HMAC -macopt hexkey:0001… signed_table.json
SIGNATURE = "v1=04406533991a240b1505916ccaa45627041aecd754064425620beac3bddc604f"
# RFC 4231, test case 2.
JEFE = b"what do ya want for nothing?"
JEFE_SIGNATURE = "v1=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


def test_a_table_is_written_to_the_byte() -> None:
    """A shop that opens on Mondays, seen on a Sunday, an hour ahead of UTC."""
    night = "closed audio=dicht voicemail"
    schedule = schedule_of(
        (f"00:00-24:00 {night}",),
        mon=(f"00:00-09:00 {night}", "09:00-17:00 open", "17:00-24:00 break forward=storing"),
        id="winkel",
        name='Café "De \\ Hoek"',
        voicemail_email="post@example.nl",
        audio={"dicht": {"name": "Dicht", "sha256": "cd" * 32}},
        forwards={"storing": {"name": "Storing", "number": "+31612345678"}},
    )
    at = instant("2026-11-22T11:00")
    body = render_table(table_of(schedule), at, "https://bereikbaar.example.nl")
    assert body.decode().split("\n") == TABLE.read_text().split("\n")


@pytest.mark.parametrize(
    ("body", "key", "signature"),
    [
        pytest.param(TABLE.read_bytes(), KEY, SIGNATURE, id="openssl"),
        pytest.param(JEFE, b"Jefe".hex(), JEFE_SIGNATURE, id="rfc-4231"),
    ],
)
def test_the_signature_is_hmac_sha_256(body: bytes, key: str, signature: str) -> None:
    """Signer and reader agree with what others say the signature is."""
    assert signature_of(body, bytes.fromhex(key)) == signature
    verify(body, signature, key)


def test_a_changed_byte_is_refused() -> None:
    """Whichever byte of the body is another, or missing, the signature is wrong."""
    body = TABLE.read_bytes()
    changed = [
        body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :] for place in range(len(body))
    ]
    for other in (*changed, body[:-1], body + b"\n", body.replace(b"\n", b"\r\n"), b""):
        with pytest.raises(RefusedTableError):
            verify(other, SIGNATURE, KEY)


@pytest.mark.parametrize(
    ("signature", "key"),
    [
        pytest.param(SIGNATURE, "f0" * 32, id="key-of-another-token"),
        pytest.param(SIGNATURE, "", id="no-key"),
        pytest.param(SIGNATURE.replace("v1", "v2"), KEY, id="other-version"),
        pytest.param(SIGNATURE.removeprefix("v1="), KEY, id="no-version"),
        pytest.param(SIGNATURE[:-1], KEY, id="cut-off"),
        pytest.param("", KEY, id="none"),
    ],
)
def test_another_signature_or_key_is_refused(signature: str, key: str) -> None:
    """Only the token's own key makes the signature right."""
    with pytest.raises(RefusedTableError):
        verify(TABLE.read_bytes(), signature, key)


@pytest.mark.parametrize(
    ("at", "action"),
    [
        pytest.param("2026-11-22T10:00:00Z", "voicemail", id="when-it-was-made"),
        pytest.param("2026-11-23T07:59:59Z", "voicemail", id="second-before-opening"),
        pytest.param("2026-11-23T08:00:00Z", "continue", id="opening"),
        pytest.param("2026-11-23T15:59:59Z", "continue", id="second-before-closing"),
        pytest.param("2026-11-23T16:00:00Z", "forward", id="closing"),
        pytest.param("2026-11-29T09:59:59Z", "voicemail", id="last-second"),
    ],
)
def test_a_reader_finds_what_holds(at: str, action: str) -> None:
    """By comparing texts it finds the one interval, its first second included, its last not."""
    fields = find_fields(TABLE.read_bytes(), at)
    assert fields["action"] == action
    assert fields["schedule_name"] == 'Café "De \\ Hoek"'


@pytest.mark.parametrize("at", ["2026-11-22T09:59:59Z", "2026-11-29T10:00:00Z"])
def test_a_reader_decides_nothing_outside(at: str) -> None:
    """Before it was made and from its expiry on, a table says nothing."""
    with pytest.raises(RefusedTableError, match="expired"):
        find_fields(TABLE.read_bytes(), at)
