"""The command line run in this process, and documents to give it."""

import json
import math
import sqlite3
import struct
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from click.testing import CliRunner, Result

from admin_cli.main import bereikbaar

HEAD_OFFICE: Final = """\
id: hoofdkantoor
name: Hoofdkantoor Utrecht
company: Voorbeeld BV
pbx: 3cx
voicemail_email: receptie@example.nl
numbers: ["+31850000000", "+31850000100..99"]
forwards:
  storing: {name: Storingsdienst, number: "+31612345678"}
week:
  mon: &werkdag
    - 00:00-08:30 closed voicemail
    - 08:30-17:00 open
    - 17:00-24:00 closed forward=storing
  tue: *werkdag
  wed: *werkdag
  thu: *werkdag
  fri: *werkdag
  sat: &weekend [00:00-24:00 closed forward=storing]
  sun: *weekend
holidays:
  koningsdag:
"""

SHA256: Final = "ab" * 32
SHOP: Final = f"""\
id: winkel
name: Winkel Zwolle
company: Voorbeeld BV
notes: "Sleutel bij de buren"
pbx: swyx
voicemail_email: winkel@example.nl
numbers: ["+31850000200"]
forwards:
  storing: {{name: Storingsdienst, number: "+31612345678"}}
audio:
  gesloten: {{name: Gesloten, sha256: {SHA256}}}
week:
  mon: &dag [00:00-09:00 closed audio=gesloten voicemail, 09:00-12:00 open, 12:00-13:00 break,
    13:00-18:00 open, 18:00-24:00 closed forward=storing]
  tue: *dag
  wed: *dag
  thu: *dag
  fri: *dag
  sat: [00:00-24:00 closed]
  sun: [00:00-24:00 closed]
holidays:
  eerste_kerstdag: {{slots: [00:00-24:00 closed audio=gesloten]}}
  bevrijdingsdag: {{every: lustrum}}
exceptions:
  markt: {{name: Kerstmarkt, dates: [2026-12-19, 2026-12-28..2026-12-31],
    slots: [00:00-10:00 closed, 10:00-16:00 open, 16:00-24:00 closed]}}
  zomer: {{name: Zomerfeest}}
  oud: {{name: Oude dag, dates: [2026-01-05]}}
template: exceptions/markt
overrides:
  stroom: {{from: 2026-11-22T10:00+01:00, until: 2026-11-22T12:00+01:00, slot: closed,
    reason: Stroomstoring}}
"""


def document(schedule_id: str, day: str = "00:00-24:00 open", **keys: str) -> str:
    """Write a small document: the same slot all week; `keys` are YAML texts."""
    week = ", ".join(f"{key}: [{day}]" for key in ("mon", "tue", "wed", "thu", "fri", "sat", "sun"))
    given = {"id": schedule_id, "name": schedule_id.title(), "pbx": "generic", **keys}
    return "".join(f"{key}: {text}\n" for key, text in given.items()) + f"week: {{{week}}}\n"


def wav(seconds: float = 0.1, *, pitch: int = 1_000, peak: float = 0.1413) -> bytes:
    """Return a canonical master of a tone.

    At 1 kHz and this peak its loudness is -20 LUFS, so that it is left as it is; a tenth of a
    second is too short to have a loudness.
    """
    return recording(seconds, pitch=pitch, peak=peak, rate=8_000, channels=1)


def recording(
    seconds: float = 0.5,
    *,
    pitch: int = 1_000,
    peak: float = 0.01413,
    rate: int = 16_000,
    channels: int = 2,
) -> bytes:
    """Return a WAV of PCM 16 bit as a recorder makes it: a tone, 20 dB too soft unless told."""
    wave = (
        round(peak * 32_767 * math.sin(2 * math.pi * pitch * n / rate))
        for n in range(int(rate * seconds))
    )
    data = b"".join(struct.pack("<h", value) * channels for value in wave)
    frame = 2 * channels
    fmt = struct.pack("<HHIIHH", 1, channels, rate, rate * frame, frame, 16)
    head = b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " + struct.pack("<I", 16)
    return head + fmt + b"data" + struct.pack("<I", len(data)) + data


@dataclass
class CommandLine:
    """Runs `bereikbaar` in `folder`, where `data` is the data directory."""

    folder: Path

    def __call__(self, *arguments: str, code: int = 0, stdin: str | bytes = b"") -> Result:
        """Run a command, and check its exit code."""
        result = CliRunner().invoke(bereikbaar, arguments, input=stdin, prog_name="bereikbaar")
        assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
        return result

    def json(self, *arguments: str, code: int = 0, stdin: str | bytes = b"") -> Any:  # noqa: ANN401 - JSON
        """Run a command with `--json`, and read its answer."""
        return json.loads(self(*arguments, "--json", code=code, stdin=stdin).stdout)

    def write(self, name: str, text: str | bytes) -> str:
        """Write a file, and return its name."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return name

    def apply(self, *documents: str, options: tuple[str, ...] = ()) -> Result:
        """Apply documents given as text."""
        names = [self.write(f"apply-{n}.yaml", text) for n, text in enumerate(documents)]
        return self("apply", *names, *options)

    def rows(self) -> dict[str, list[tuple[object, ...]]]:
        """Return all that the database holds, the times of its migrations aside."""
        path = self.folder / "data" / "bereikbaar.db"
        if not path.exists():
            return {}
        with closing(sqlite3.connect(path)) as db:
            tables = (
                "revisions",
                "schedules",
                "numbers",
                "tokens",
                "state",
                "locks",
                "broken_locks",
                "audio_references",
                "recording_pins",
            )
            return {table: db.execute(f"SELECT * FROM {table}").fetchall() for table in tables}  # noqa: S608 - our own names

    def messages(self) -> dict[str, bytes]:
        """Return the bytes in the audio store by their SHA-256."""
        folder = self.folder / "data" / "audio"
        return {path.stem: path.read_bytes() for path in sorted(folder.glob("*"))}

    def revisions(self) -> Mapping[str, int]:
        """Return the current revision of each schedule."""
        return {one["id"]: one["revision"] for one in self.json("schedule", "list")}
