"""Bundles written: documents and the messages they name in one ZIP file."""

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

from admin_cli.bundles import MAX_BUNDLE_BYTES, MAX_MEMBERS
from admin_cli.whole_files import replacing
from audio_store.errors import UnusableAudioError
from audio_store.masters import MasterFiles
from schedules.errors import BereikbaarError
from schedules.model import Schedule

# The earliest that a ZIP file can say: two exports of the same are the same, byte for byte.
_MADE_AT: Final = (1980, 1, 1, 0, 0, 0)
_UNIX: Final = 3
_MODE: Final = 0o100644


class BundledDocument(NamedTuple):
    """A schedule, with its document's text and name."""

    name: str
    text: str
    schedule: Schedule


def write_bundle(
    path: Path, documents: Iterable[BundledDocument], masters: MasterFiles
) -> list[dict[str, Any]]:
    """Write documents and their messages, whole or not at all, and return what had to be left out.

    A message is in it once, as `audio/SHA256.wav`. The same content gives the same bytes. Raises
    `BereikbaarError` for more than `apply` would take, and `OSError`.
    """
    documents = sorted(documents)
    users: dict[str, list[tuple[str, str]]] = {}
    for document in documents:
        for message_id, message in document.schedule.audio.items():
            users.setdefault(message.sha256, []).append((document.schedule.id, message_id))
    if len(documents) + len(users) > MAX_MEMBERS:
        raise _too_much(f"would hold {len(documents) + len(users):,} files")
    failed: list[dict[str, Any]] = []
    with replacing(path) as file, zipfile.ZipFile(file, "w") as bundle:
        for document in documents:
            bundle.writestr(_member(document.name), document.text, zipfile.ZIP_DEFLATED)
        for digest in sorted(users):
            try:
                bundle.writestr(_member(f"audio/{digest}.wav"), masters.read(digest))
            except UnusableAudioError as error:
                failed += (
                    {"schedule": schedule_id, "message": message_id, "problem": str(error)}
                    for schedule_id, message_id in users[digest]
                )
            if file.tell() > MAX_BUNDLE_BYTES:
                raise _too_much(f"would be more than {MAX_BUNDLE_BYTES:,} bytes long")
    return failed


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _MADE_AT)
    member.create_system = _UNIX
    member.external_attr = _MODE << 16
    return member


def _too_much(problem: str) -> BereikbaarError:
    return BereikbaarError(f"the bundle {problem}; export fewer schedules at a time")
