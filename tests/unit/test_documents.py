"""The schedule document of contract.md: read, written, read back."""

import json
from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from schedules.date_text import DateRange
from schedules.documents import Document, format_yaml, read_document, write_document
from schedules.errors import FaultyValueError, InvalidScheduleError
from schedules.forward_rules import ForwardPolicy
from schedules.model import Schedule
from tests.broken_documents import complete

HOME = ForwardPolicy()
SHA256 = "3f5a" * 16
# The example of contract.md, with a whole hash.
EXAMPLE = f"""\
id: hoofdkantoor                       # slug, unique, never changes
name: Hoofdkantoor Utrecht
company: Voorbeeld BV                  # optional, free text
pbx: 3cx
timezone: Europe/Amsterdam
voicemail_email: receptie@example.nl
numbers: ["+31850000000", "+31850000100..99"]
forwards:
  storing: {{name: Storingsdienst, number: "+31612345678"}}
audio:
  gesloten: {{name: Gesloten, sha256: {SHA256}}}
week:
  mon: &werkdag
    - 00:00-08:30 closed audio=gesloten voicemail
    - 08:30-12:30 open
    - 12:30-13:00 break audio=gesloten
    - 13:00-17:00 open
    - 17:00-24:00 closed forward=storing
  tue: *werkdag
  wed: *werkdag
  thu: *werkdag
  fri: *werkdag
  sat: [00:00-24:00 closed forward=storing]
  sun: [00:00-24:00 closed forward=storing]
exceptions:
  open-dag:
    name: Open dag
    dates: [2026-12-05, 2026-12-24..2026-12-27]
    slots: [00:00-24:00 open]
holidays:
  koningsdag: {{slots: [00:00-24:00 closed audio=gesloten]}}
  bevrijdingsdag: {{every: lustrum}}
template: exceptions/open-dag
overrides:
  stroomstoring:
    from: 2026-11-22T10:00+01:00
    until: 2026-11-22T12:00+01:00
    slot: closed audio=gesloten
    reason: Stroomstoring
expect:
  - {{at: 2026-12-25T10:00, status: closed}}
revision: 12
"""
WORKDAY = [
    "00:00-08:30 closed audio=gesloten voicemail",
    "08:30-12:30 open",
    "12:30-13:00 break audio=gesloten",
    "13:00-17:00 open",
    "17:00-24:00 closed forward=storing",
]
CLOSED = ["00:00-24:00 closed forward=storing"]
EXPORT: dict[str, Any] = {
    "id": "hoofdkantoor",
    "name": "Hoofdkantoor Utrecht",
    "company": "Voorbeeld BV",
    "pbx": "3cx",
    "timezone": "Europe/Amsterdam",
    "voicemail_email": "receptie@example.nl",
    "numbers": ["+31850000000", "+31850000100..99"],
    "forwards": {"storing": {"name": "Storingsdienst", "number": "+31612345678"}},
    "audio": {"gesloten": {"name": "Gesloten", "sha256": SHA256}},
    "week": {
        **dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), WORKDAY),
        "sat": CLOSED,
        "sun": CLOSED,
    },
    "exceptions": {
        "open-dag": {
            "name": "Open dag",
            "dates": ["2026-12-05", "2026-12-24..2026-12-27"],
            "slots": ["00:00-24:00 open"],
        }
    },
    "holidays": {
        "koningsdag": {"slots": ["00:00-24:00 closed audio=gesloten"]},
        "bevrijdingsdag": {"every": "lustrum"},
    },
    "template": "exceptions/open-dag",
    "overrides": {
        "stroomstoring": {
            "from": "2026-11-22T10:00+01:00",
            "until": "2026-11-22T12:00+01:00",
            "slot": "closed audio=gesloten",
            "reason": "Stroomstoring",
        }
    },
    "expect": [{"at": "2026-12-25T10:00", "status": "closed"}],
    "revision": 12,
}


def read(text: str) -> Document:
    """Read a document that may leave out what a sound one has."""
    return read_document(complete(text).encode(), HOME)


def refused(text: str, **reading: Any) -> list[str]:
    """Read a document that must be refused; return its faults as texts."""
    with pytest.raises(InvalidScheduleError) as error:
        read_document(complete(text).encode(), HOME, **reading)
    return [str(fault) for fault in error.value.faults]


def test_the_example_is_exported_in_the_order_of_the_contract() -> None:
    """Keys and slots come out canonical, in the contract's order, aliases written out."""
    document = read_document(EXAMPLE.encode(), HOME)
    exported = write_document(document.schedule, document.revision)
    assert json.dumps(exported) == json.dumps(EXPORT)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(EXAMPLE, id="yaml"),
        pytest.param("\ufeff" + EXAMPLE, id="with-a-byte-order-mark"),
        pytest.param(EXAMPLE.replace("\n", "\r\n"), id="with-crlf"),
        pytest.param("%YAML 1.1\n---\n" + EXAMPLE, id="said-to-be-yaml-1-1"),
        pytest.param(json.dumps(EXPORT), id="json"),
        pytest.param(json.dumps(EXPORT, indent=2), id="json-on-lines"),
        pytest.param(format_yaml(EXPORT), id="exported-yaml"),
        pytest.param("---\n" + format_yaml(EXPORT) + "...\n", id="between-marks"),
    ],
)
def test_every_way_to_write_it_reads_the_same(text: str) -> None:
    """YAML, its JSON twin and the export are one schedule."""
    document = read_document(text.encode(), HOME)
    assert document.revision == 12
    assert document.given == EXPORT.keys()
    assert document.schedule == read_document(EXAMPLE.encode(), HOME).schedule


def test_two_exports_diff_well() -> None:
    """One changed slot is one changed line."""
    schedule = read_document(EXAMPLE.encode(), HOME).schedule
    later = EXAMPLE.replace("sat: [00:00-24:00 closed forward=storing]", "sat: [00:00-24:00 open]")
    exports = (
        format_yaml(write_document(schedule)),
        format_yaml(write_document(read_document(later.encode(), HOME).schedule)),
    )
    before, after = (text.splitlines() for text in exports)
    changed = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
    assert changed == [("    - 00:00-24:00 closed forward=storing", "    - 00:00-24:00 open")]


def test_what_is_usual_is_left_out_of_an_export() -> None:
    """Only what says something is written, and what replaces when it stands there."""
    schedule = read("holidays:\n  koningsdag:\nforwards: {}\ncompany: ''\n").schedule
    assert list(write_document(schedule)) == [
        *("id", "name", "pbx", "timezone", "numbers", "week", "holidays", "overrides", "expect")
    ]
    assert write_document(schedule)["holidays"] == {"koningsdag": {}}


@pytest.mark.parametrize("holiday", ["koningsdag:", "koningsdag: {}", "koningsdag: {every: year}"])
def test_a_bare_holiday_is_switched_on(holiday: str) -> None:
    """A bare `koningsdag:` means {}: on, every year, closed all day (rule 14)."""
    rule = read(f"holidays:\n  {holiday}\n").schedule.holidays["koningsdag"]
    assert (rule.active, rule.every) == (True, "year")
    assert [(slot.start, slot.end, slot.status) for slot in rule.slots] == [(0, 1440, "closed")]


def test_scalars_stay_what_was_written() -> None:
    """Nothing is taken for a number, a truth or a date that a person wrote as text."""
    schedule = read(
        "id: 2026\n"
        "name: 007\n"
        "company: yes\n"
        "notes: null\n"
        "forwards:\n"
        "  1e3: {name: ~, number: 0612345678}\n"
        "numbers: [0850000000]\n"
        "exceptions:\n"
        "  0x10: {name: 2026-12-05, dates: [2026-12-05]}\n"
    ).schedule
    assert (schedule.id, schedule.name) == ("2026", "007")
    assert (schedule.company, schedule.notes) == ("yes", "null")
    assert schedule.forwards["1e3"].name == "~"
    assert schedule.forwards["1e3"].number == "+31612345678"
    assert str(schedule.numbers[0]) == "+31850000000"
    exception = schedule.exceptions["0x10"]
    assert exception.name == "2026-12-05"
    assert exception.dates == (DateRange(date(2026, 12, 5), date(2026, 12, 5)),)


def test_a_slot_may_be_an_object() -> None:
    """The object form says the same as the text, and is exported as text."""
    text = (
        "voicemail_email: a@example.nl\n"
        "exceptions:\n"
        "  dag:\n"
        "    name: Dag\n"
        "    slots:\n"
        "      - {from: 00:00, to: 08:30, status: closed, voicemail: true}\n"
        "      - {from: 08:30, to: 24:00, status: open, audio: a, forward: f, voicemail: false}\n"
        "forwards: {f: {name: F, number: 0612345678}}\n"
        f"audio: {{a: {{name: A, sha256: {SHA256}}}}}\n"
    )
    assert write_document(read(text).schedule)["exceptions"]["dag"]["slots"] == [
        "00:00-08:30 closed voicemail",
        "08:30-24:00 open audio=a forward=f",
    ]


def test_slots_come_out_canonical() -> None:
    """Blanks between words, and the order of the targets, are the export's."""
    text = (
        "forwards: {f: {name: F, number: 0612345678}}\n"
        f"audio: {{a: {{name: A, sha256: {SHA256}}}}}\n"
        'exceptions: {dag: {name: Dag, slots: [" 00:00 - 24:00  closed\\tforward=f audio=a "]}}\n'
    )
    slots = write_document(read(text).schedule)["exceptions"]["dag"]["slots"]
    assert slots == ["00:00-24:00 closed audio=a forward=f"]


def test_bare_keys_of_the_document_are_left_out_but_given() -> None:
    """`numbers:` without a value replaces what is there by nothing; `notes:` is unset."""
    document = read("numbers:\nnotes:\ntemplate:\nforwards:\n")
    assert document.schedule.numbers == ()
    assert document.schedule.notes is None
    assert {"numbers", "notes", "template", "forwards"} < document.given


def test_national_numbers_are_read_in_the_region_of_the_policy() -> None:
    """The home region of the policy is the one national forms are read in (rule 25)."""
    text = complete("forwards: {f: {name: F, number: 02 512 00 00}}\nnumbers: [02 512 00 01]\n")
    schedule = read_document(text.encode(), ForwardPolicy(region="BE")).schedule
    assert schedule.forwards["f"].number == "+3225120000"
    assert str(schedule.numbers[0]) == "+3225120001"


def test_a_schedule_may_opt_in_to_countries_itself() -> None:
    """`forward_countries` of the document allows what the policy alone would not."""
    forwards = "forwards: {f: {name: F, number: '+3225120000'}}\n"
    assert read(f"forward_countries: [BE]\n{forwards}").schedule.forward_countries == ("BE",)
    assert len(refused(forwards)) == 1


def test_a_file_is_replaced_by_the_hash_of_its_message() -> None:
    """`file:` names bytes that enter the store; the schedule holds their hash."""
    taken: list[str] = []

    def take_file(path: str) -> str:
        taken.append(path)
        return SHA256

    text = complete("audio: {gesloten: {name: Gesloten, file: map/gesloten.wav}}\n")
    schedule = read_document(text.encode(), HOME, take_file=take_file).schedule
    assert taken == ["map/gesloten.wav"]
    assert schedule.audio["gesloten"].sha256 == SHA256


def test_a_file_that_can_t_be_taken_stands_beside_other_faults() -> None:
    """What is wrong with a file is told at its place, and hides nothing."""

    def take_file(path: str) -> str:
        raise FaultyValueError((f"{path} is not there", "put it beside the document"))

    text = "audio: {weg: {name: Weg, file: weg.wav}}\ntemplate: week/zo\n"
    file_fault, template_fault = refused(text, take_file=take_file)
    assert file_fault == "audio.weg.file: weg.wav is not there; put it beside the document"
    assert template_fault.startswith("template: 'week/zo' is not a day")


def test_a_file_needs_a_folder() -> None:
    """A text that came from nowhere, such as standard input, names no files."""
    [fault] = refused("audio: {weg: {name: Weg, file: weg.wav}}\n")
    assert fault.startswith("audio.weg.file: ")
    assert fault.endswith("; give sha256")


@pytest.mark.parametrize(
    ("text", "revision"),
    [
        pytest.param("", None, id="none"),
        pytest.param("revision:\n", None, id="bare"),
        pytest.param("revision: 1\n", 1, id="one"),
        pytest.param("revision: '12'\n", 12, id="quoted"),
    ],
)
def test_the_revision_is_the_export_s(text: str, revision: int | None) -> None:
    """`revision` is no part of the schedule; it says which one the document started from."""
    assert read(text).revision == revision


KEPT = (
    "numbers: ['+31850000000']\n"
    "overrides: {nu: {from: 2026-11-22T10:00Z, until: 2026-11-22T12:00Z, slot: closed, "
    "reason: Nu}}\n"
    "expect: [{at: 2026-12-25T10:00Z, status: closed}]\n"
)


def test_what_a_document_leaves_out_is_kept() -> None:
    """Absent numbers, overrides and expectations leave what is there (contract.md: apply)."""
    present = read(KEPT).schedule
    saved = read("name: Nieuw\n").over(present)
    assert saved == present.replace(name="Nieuw")


def test_what_a_document_gives_replaces_even_empty() -> None:
    """Present numbers, overrides and expectations replace what is there, even empty ones."""
    present = read(KEPT).schedule
    saved = read("numbers: []\noverrides: {}\nexpect: []\n").over(present)
    assert saved == read("").schedule


def test_a_document_over_nothing_is_the_schedule() -> None:
    """A schedule that is not there yet is the document's own."""
    document = read(KEPT)
    assert document.over(None) is document.schedule


def test_what_is_kept_must_fit_the_rest() -> None:
    """A kept override whose message the document removes is refused."""
    present = read(
        f"audio: {{a: {{name: A, sha256: {SHA256}}}}}\n"
        "overrides: {nu: {from: 2026-11-22T10:00Z, until: 2026-11-22T12:00Z, "
        "slot: closed audio=a, reason: Nu}}\n"
    ).schedule
    with pytest.raises(InvalidScheduleError, match=r"overrides\.nu\.slot: audio=a"):
        read("").over(present)


def test_reading_leaves_no_trace_of_stand_ins() -> None:
    """Schedules read after a refused document are not touched by what stood in there."""
    refused("week: {mon: [x], tue: y}\nholidays: {koningsdag: {slots: z}}\n")
    first, second = (read("holidays: {koningsdag: }\n").schedule for _ in range(2))
    assert first == second
    assert all(one.end == other.start for one, other in pairwise(first.week.mon))


def test_the_smallest_document_is_a_schedule() -> None:
    """Four keys make a schedule; the rest has a usual value."""
    schedule = read("").schedule
    assert isinstance(schedule, Schedule)
    assert schedule.timezone == "Europe/Amsterdam"
