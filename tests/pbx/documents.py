"""Schedules of shops that are called: a number and a document for each scenario."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from tests.pbx.sound import chirp, write_wav

MESSAGE: Final = chirp(1.6, 500, 2_600)
PAUSE: Final = chirp(1.3, 2_400, 400)
STORING: Final = "+31612345678"
WACHT: Final = "+31687654321"

NUMBERS: Final = {
    name: f"+3185000{1_000 + number}"
    for number, name in enumerate(
        (
            *("heard", "forwarded", "voicemail", "hangup", "open", "welcome", "break"),
            *("override", "exception", "holiday", "announced", "missing"),
        )
    )
}
UNKNOWN: Final = "+31850009999"
_SLOTS: Final = {
    "heard": "closed audio=bericht",
    "forwarded": "closed forward=storing",
    "voicemail": "closed audio=bericht voicemail",
    "hangup": "closed",
    "open": "open",
    "welcome": "open audio=bericht",
    "break": "break audio=pauze",
    "override": "open",
    "exception": "open",
    "holiday": "open",
    "announced": "closed audio=bericht forward=storing",
    "missing": "closed audio=zoek forward=storing",
}


def write_documents(folder: Path) -> list[Path]:
    """Write the documents, and the recordings they name; return the documents."""
    write_wav(folder / "bericht.wav", MESSAGE)
    write_wav(folder / "pauze.wav", PAUSE)
    today = datetime.now(ZoneInfo("Europe/Amsterdam")).date()
    days = f"{today - timedelta(days=1)}..{today + timedelta(days=1)}"
    extra = {
        "exception": f"exceptions:\n  verhuizing: {{name: Verhuizing, dates: [{days}], "
        "slots: [00:00-24:00 closed forward=wacht]}\n",
        "holiday": "holidays:\n  eerste_kerstdag: {slots: [00:00-24:00 closed forward=wacht]}\n",
    }
    paths = []
    for name, slot in _SLOTS.items():
        path = folder / f"{name}.yaml"
        path.write_text(
            f"id: {name}\nname: {name.title()}\npbx: asterisk\n"
            "timezone: Europe/Amsterdam\nvoicemail_email: re-ceptie_1@example.nl\n"
            f'numbers: ["{NUMBERS[name]}"]\n'
            f'forwards:\n  storing: {{name: Storing, number: "{STORING}"}}\n'
            f'  wacht: {{name: Wacht, number: "{WACHT}"}}\n'
            "audio:\n  bericht: {name: Bericht, file: bericht.wav}\n"
            "  pauze: {name: Pauze, file: pauze.wav}\n"
            f"  zoek: {{name: Zoek, sha256: {'5' * 64}}}\n"
            "week:\n"
            + "".join(
                f"  {day}: [00:00-24:00 {slot}]\n"
                for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
            )
            + extra.get(name, "")
        )
        paths.append(path)
    return paths
