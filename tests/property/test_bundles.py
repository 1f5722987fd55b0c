"""Bundles of random schedules, and ZIP files of random bytes."""

import tempfile
from contextlib import closing
from hashlib import sha256
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from admin_cli.apply_files import read_files
from admin_cli.bundle_export import BundledDocument, write_bundle
from admin_cli.bundles import Bundle
from admin_cli.incoming import IncomingMessages
from admin_cli.progress import FileProgress
from audio_store.masters import MasterFiles
from schedules.documents import format_yaml, write_document
from schedules.errors import FaultyValueError
from schedules.forward_rules import ForwardPolicy
from schedules.model import Schedule
from tests.cli.command_line import wav
from tests.strategies import schedules_strategy

SOUNDS = [wav(0.1, pitch=pitch) for pitch in (300, 400, 500)]
DIGESTS = [sha256(sound).hexdigest() for sound in SOUNDS]


def with_sounds(schedule: Schedule, schedule_id: str) -> Schedule:
    """Return a schedule of this id whose messages are those of `SOUNDS`."""
    messages = {
        one: {"name": message.name, "sha256": DIGESTS[index % 3]}
        for index, (one, message) in enumerate(schedule.audio.items())
    }
    return schedule.replace(id=schedule_id, audio=messages)


def texts_of(path: Path) -> list[str] | None:
    """Return the text of each document in a bundle, None where it is refused."""
    try:
        with closing(Bundle(path)) as bundle:
            return [bundle.read(one, 1_000_000).decode() for one in bundle.documents]
    except FaultyValueError:
        return None


@given(st.lists(schedules_strategy(), min_size=1, max_size=3))
def test_what_a_bundle_holds_is_read_back(drawn: list[Schedule]) -> None:
    """Every schedule as it was, every message once and byte for byte; twice the same file."""
    schedules = [with_sounds(one, f"schema-{n}") for n, one in enumerate(drawn)]
    needed = {message.sha256 for one in schedules for message in one.audio.values()}
    documents = [
        BundledDocument(f"{one.id}.yaml", format_yaml(write_document(one, 7)), one)
        for one in schedules
    ]
    with tempfile.TemporaryDirectory() as name, closing(IncomingMessages()) as incoming:
        folder = Path(name)
        masters = MasterFiles(folder / "audio")
        for sound in SOUNDS:
            masters.add(sound)
        assert write_bundle(folder / "a.zip", documents, masters) == []
        assert write_bundle(folder / "b.zip", reversed(documents), masters) == []
        assert (folder / "a.zip").read_bytes() == (folder / "b.zip").read_bytes()
        files = (str(folder / "a.zip"),)
        read = read_files(files, ForwardPolicy(), incoming, FileProgress(1))
        assert read.faults == []
        assert [one.document.schedule for one in read.documents] == schedules
        stored = {sha256(master).hexdigest(): master for master in incoming.masters()}
        assert stored == {digest: masters.read(digest) for digest in needed}


@given(st.data())
def test_a_damaged_bundle_is_refused_or_read(data: st.DataObject) -> None:
    """Whatever bytes of it change, nothing but a fault comes of it."""
    schedule = data.draw(schedules_strategy())
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "a.zip"
        masters = MasterFiles(Path(name) / "audio")
        text = format_yaml(write_document(schedule))
        write_bundle(path, [BundledDocument("a.yaml", text, schedule)], masters)
        content = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(content)
        assert texts_of(path) in (None, [], [text])
