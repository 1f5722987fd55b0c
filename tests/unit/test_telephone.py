"""Reading, parsing and masking telephone numbers, and blocks of them."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import FrozenInstanceError
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules import telephone
from schedules.errors import FaultyValueError
from schedules.telephone import (
    NumberBlock,
    mask_number,
    parse_forward_number,
    parse_number_entry,
    read_local_digits,
    read_number,
)

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
REMEDY = re.compile(r"(write|type|leave out|check|split)\b")

TRUNK_FORMS = [
    ("national", "0850000000"),
    ("e164", "+31850000000"),
    ("without-plus", "31850000000"),
    ("double-zero", "0031850000000"),
    ("hyphen", "085-0000000"),
    ("spaces", "085 000 00 00"),
    ("parentheses-and-dots", "(085) 000.00.00"),
    ("trunk-zero-shown", "+31 (0)85 000 00 00"),
    ("trunk-zero-after-00", "0031 (0)85 000 00 00"),
    ("trunk-zero-left-in", "+310850000000"),
    ("country-code-in-parentheses", "(+31) 85 000 00 00"),
    ("surrounding-blanks", "  0850000000\r\n"),
    ("form-decoded-plus", " 31850000000"),
    ("percent-encoded-plus", "%2B31850000000"),
    ("percent-encoded-lower-case", "%2b31850000000"),
    ("percent-encoded-uri", "sip%3A%2B31850000000%40host"),
    ("sip", "sip:0850000000@10.0.0.1"),
    ("sip-e164", "sip:+31850000000@host.example"),
    ("sip-encoded-plus", "sip:%2B31850000000@host"),
    ("sip-form-decoded-plus", "sip: 31850000000@host"),
    ("sip-port-and-transport", "sip:+31850000000@host:5060;transport=udp"),
    ("sip-user-parameter", "sip:+31850000000;npdi@host"),
    ("sip-no-host", "sip:+31850000000"),
    ("sips", "sips:+31850000000@host"),
    ("upper-case-scheme", "SIP:+31850000000@host"),
    ("user-at-host", "0850000000@trunk"),
    ("tel", "tel:+31850000000"),
    ("tel-separators", "tel:+31-85-000.00.00"),
    ("tel-national", "tel:0850000000"),
    ("tel-extension-parameter", "tel:+31850000000;ext=12"),
    ("angle-brackets", "<sip:+31850000000@host;user=phone>"),
    ("display-name", '"Jan" <sip:+31850000000@host>'),
    ("display-name-no-quotes", "Jan de Vries <sip:0850000000@host>;tag=1"),
    ("display-name-is-a-number", '"+31612345678" <sip:0850000000@host>'),
    ("display-name-with-bracket", '"a<b" <sip:0850000000@host>'),
    ("display-name-bare-number", '"Jan" <0850000000>'),
    ("phone-context-national", "sip:0850000000;phone-context=+31@host;user=phone"),
    ("phone-context-local", "sip:850000000;phone-context=+31@host;user=phone"),
    ("phone-context-tel", "tel:850000000;PHONE-CONTEXT=+31"),
    ("phone-context-beside-e164", "sip:+31850000000;phone-context=+49@host"),
    ("phone-context-beside-00", "sip:0031850000000;phone-context=+31@host"),
    ("phone-context-domain", "tel:0850000000;phone-context=example.com"),
]


@pytest.mark.parametrize("text", [pytest.param(text, id=id_) for id_, text in TRUNK_FORMS])
def test_every_form_a_dutch_trunk_delivers_is_read(text: str) -> None:
    """One number, however it is delivered, reads as the same E.164."""
    assert read_number(text) == "+31850000000"


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        pytest.param("+442079460000", "NL", "+442079460000", id="foreign-caller"),
        pytest.param("00442079460000", "NL", "+442079460000", id="foreign-00"),
        pytest.param(" 442079460000", "NL", "+442079460000", id="foreign-form-decoded-plus"),
        pytest.param("+44 (0)20 7946 0000", "NL", "+442079460000", id="foreign-trunk-zero"),
        pytest.param("+39 (0)6 69812345", "NL", "+390669812345", id="italy-keeps-its-zero"),
        pytest.param("tel:025120000;phone-context=+32", "NL", "+3225120000", id="foreign-context"),
        pytest.param("0800-1234", "NL", "+318001234", id="short-0800"),
        pytest.param("+3114020", "NL", "+3114020", id="shortest-of-the-dutch-plan"),
        pytest.param("097012345678", "NL", "+3197012345678", id="longest-of-the-dutch-plan"),
        pytest.param("02 512 00 00", "BE", "+3225120000", id="belgian-region"),
        pytest.param("3225120000", "BE", "+3225120000", id="belgian-without-plus"),
        pytest.param("06 69812345", "IT", "+390669812345", id="region-without-trunk-prefix"),
        pytest.param("(212) 555-0100", "US", "+12125550100", id="region-with-trunk-one"),
        pytest.param("0011 31 85 0000000", "AU", "+31850000000", id="region-dialling-0011"),
        pytest.param("(11) 2345-6789", "BR", "+551123456789", id="region-with-carrier-codes"),
        pytest.param("+31850000000", "XX", "+31850000000", id="unknown-region-e164"),
        pytest.param("0850000000", "XX", None, id="unknown-region-national"),
        pytest.param("+1234567", "NL", "+1234567", id="seven-digits"),
        pytest.param("+123456", "NL", None, id="six-digits"),
        pytest.param("+123456789012345", "NL", "+123456789012345", id="fifteen-digits"),
        pytest.param("+1234567890123456", "NL", None, id="sixteen-digits"),
    ],
)
def test_other_numbers_and_regions(text: str, region: str, expected: str | None) -> None:
    """Foreign callers, other regions and the edges of E.164's length."""
    assert read_number(text, region) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "+", "anonymous", "Anonymous", "withheld", "unknown", "private", "null"),
        *("101", "8001", "1234567", "112", "1888", "116000", "850000000", "442079460000"),
        "sip:anonymous@anonymous.invalid",
        '"Anonymous" <sip:anonymous@anonymous.invalid>',
        *("sip:101@host", "sip:@host", "sip:host", "sip:31.123.123.12", "sip:", "tel:", "<>"),
        *("tel:101;phone-context=+31850000000", "tel:;phone-context=+31", "<sip:0850000000@host"),
        *("mailto:0850000000@host", "https://0850000000", "0850000000:5060", "sip:085:1@host"),
        *("#31#0612345678", "*21*0612345678#", "0850000000,,12", "0850000000 x12", "085000000O"),
        *("+0850000000", "++31850000000", "+31+850000000", "000850000000", "00", "0000000000"),
        *("085--- -0000000", "085(0000000", "085)0000000", "0850000000 0612345678"),
        *(
            "\u0660\u0668\u0665\u0660\u0660\u0660\u0660\u0660\u0660\u0660",
            "\uff10\uff18\uff15\uff10\uff10\uff10\uff10\uff10\uff10\uff10",
            "085000000\u00b2",
            "085\u00a00000000",
            "0850000000\x00",
        ),
        *("%FF%FE", "%", "%2", "%00", "\ud800", "%2B" * 80, "9" * 257, "0850000000" + " " * 250),
    ],
    ids=ascii,
)
def test_no_number_in_it(text: str) -> None:
    """Withheld, extensions, other scripts' digits and garbage hold no number."""
    assert read_number(text) is None


def test_common_forms_do_not_go_through_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the call path the slow library never reads a form a Dutch trunk delivers."""
    read_number("0850000000")
    read_number.cache_clear()
    monkeypatch.delattr("phonenumbers.parse")
    assert {read_number(text) for _, text in TRUNK_FORMS} == {"+31850000000"}


def test_dutch_dial_plan_is_that_of_the_library() -> None:
    """What stands here so that the library needn't be imported is what it says."""
    assert telephone._plan_by_library("NL") == telephone._DUTCH


def test_dutch_numbers_do_not_import_the_library() -> None:
    """A command that reads a Dutch number starts without the 90 ms of phonenumbers."""
    code = (
        "from schedules.telephone import read_number; read_number('0850000100')\n"
        "from schedules.field_text import check_country; check_country('NL')\n"
        "print('phonenumbers' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{code}"],
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.strip() == "False"


FORMS = st.sampled_from(
    [
        *("{cc}{nsn}", "+{cc}{nsn}", "00{cc}{nsn}", "0{nsn}", " {cc}{nsn}", "+{cc} (0){nsn}"),
        *("sip:+{cc}{nsn}@h", "<tel:0{nsn}>", "tel:0{nsn};phone-context=+{cc}", "+{cc}0{nsn}"),
        "%2B{cc}{nsn}",
    ]
)
REGIONS = st.sampled_from(["NL", "BE", "DE", "GB", "IT", "US", "AU", "JP", "FI", "RU", "XX", ""])
NUMBERISH = st.text(
    alphabet='0123456789+ -.()<>@:;=%#*,siptelx"phone-context\u0663\uff12\ud800\x00'
)


@given(text=st.one_of(st.text(), NUMBERISH), region=REGIONS)
def test_read_number_is_total_and_idempotent(text: str, region: str) -> None:
    """Any text gives None or a sane E.164 number, which reads as itself."""
    number = read_number(text, region)
    if number is not None:
        assert E164.fullmatch(number)
        assert read_number(number, region) == number


@given(text=st.one_of(st.text(), NUMBERISH))
def test_local_digits_are_digits_or_nothing(text: str) -> None:
    """Any text gives ASCII digits that stand in it in that order, or none."""
    digits = read_local_digits(text)
    assert not digits or re.fullmatch("[0-9]+", digits)
    assert digits in re.sub("[^0-9]", "", unquote(text))


@given(
    form=FORMS,
    code=st.sampled_from(["31", "32", "49", "44", "39", "1", "7", "54"]),
    national=st.from_regex(r"\A[0-9]{3,12}\Z"),
    region=REGIONS,
)
def test_any_form_of_a_number_reads_idempotently(
    form: str, code: str, national: str, region: str
) -> None:
    """What a form reads as, reads as itself, whatever the region."""
    number = read_number(form.format(cc=code, nsn=national), region)
    assert number is None or read_number(number, region) == number


@given(national=st.from_regex(r"\A[1-9][0-9]{8}\Z"), form=FORMS)
def test_every_form_of_a_dutch_number_reads_alike(national: str, form: str) -> None:
    """Nine digits after +31 come out the same from each form."""
    assert read_number(form.format(cc="31", nsn=national)) == f"+31{national}"


@pytest.mark.parametrize(
    ("text", "region", "canonical", "count"),
    [
        pytest.param("+31850000000", "NL", "+31850000000", 1, id="one"),
        pytest.param("085-000 00 00", "NL", "+31850000000", 1, id="national"),
        pytest.param("+31 (0)85 0000000", "NL", "+31850000000", 1, id="trunk-zero"),
        pytest.param("02 512 00 00", "BE", "+3225120000", 1, id="belgian-region"),
        pytest.param("+44 20 7946 0000", "NL", "+442079460000", 1, id="another-country"),
        pytest.param("0900-1234", "NL", "+319001234", 1, id="premium-may-be-linked"),
        pytest.param("+3114020", "NL", "+3114020", 1, id="short-public-authority"),
        pytest.param("+31850000100..99", "NL", "+31850000100..99", 100, id="block"),
        pytest.param("0850000100..99", "NL", "+31850000100..99", 100, id="national-block"),
        pytest.param(" 0850000100 .. 199 ", "NL", "+31850000100..99", 100, id="long-suffix"),
        pytest.param("+31850000100..850000199", "NL", "+31850000100..99", 100, id="whole-suffix"),
        pytest.param("+31850000100..9", "NL", "+31850000100..9", 10, id="ten"),
        pytest.param("+31850000108..09", "NL", "+31850000108..9", 2, id="two"),
        pytest.param("+31850000098..102", "NL", "+31850000098..102", 5, id="over-a-hundred"),
        pytest.param("+31850000005..5", "NL", "+31850000005", 1, id="block-of-one"),
        pytest.param("+31850000000..99999", "NL", "+31850000000..99999", 100_000, id="largest"),
    ],
)
def test_number_entries(text: str, region: str, canonical: str, count: int) -> None:
    """An entry parses to its block, whose text is canonical and parses to the same."""
    block = parse_number_entry(text, region)
    assert str(block) == canonical
    assert len(block) == count
    assert parse_number_entry(canonical) == block


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("+31850000199..00", "backwards", id="backwards"),
        pytest.param("+31850000000..100000", "100,001 numbers", id="too-many"),
        pytest.param("+31850000100..0850000199", "more than the 9", id="suffix-too-long"),
        pytest.param("+31850000100..+31850000199", "not a row of digits", id="suffix-with-plus"),
        pytest.param("+31850000100..", "not a row of digits", id="no-suffix"),
        pytest.param("+31850000100...99", "not a row of digits", id="three-dots"),
        pytest.param("+31850000100..9\u0669", "not a row of digits", id="arabic-suffix"),
        pytest.param("..99", "holds no number", id="no-first"),
        pytest.param("", "holds no number", id="empty"),
        pytest.param("101", "not a whole telephone number", id="extension"),
        pytest.param("850000000", "not a whole telephone number", id="lost-its-zero"),
        pytest.param("+3185000000", r"\+3185000000: no such number", id="a-digit-short"),
        pytest.param("+31190000000", "no such number", id="no-such-area"),
        pytest.param("+999123456789", "not a whole telephone number", id="no-such-country"),
        pytest.param("+31190000000..9", r"\+31190000000 and \+31190000009: no", id="both-invalid"),
        pytest.param("sip:+31850000000@host", "is an address", id="sip"),
        pytest.param("085OOOOOOO", "letters", id="letters"),
        pytest.param(
            "\u0660\u0668\u0665\u0660\u0660\u0660\u0660\u0660\u0660\u0660",
            "not ASCII",
            id="arabic-digits",
        ),
        pytest.param("1" * 5000 + ".." + "9" * 5000, "too long", id="huge"),
        pytest.param("+31850000100.." + "9" * 5000, "more than the 9", id="huge-suffix"),
    ],
)
def test_refused_number_entries(text: str, fault: str) -> None:
    """A refused entry names the fault and what to do, in a message of bounded length."""
    with pytest.raises(FaultyValueError) as refused:
        parse_number_entry(text)
    [(problem, remedy)] = refused.value.faults
    assert re.search(fault, problem)
    assert REMEDY.match(remedy)
    assert len(problem) + len(remedy) < 400


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param("+31850000100..99", "+31850000199", True, id="last-of-the-block"),
        pytest.param("+31850000100..99", "+31850000100", True, id="first-of-the-block"),
        pytest.param("+31850000100..99", "+31850000200", False, id="one-after"),
        pytest.param("+31850000100..99", "+31850000099", False, id="one-before"),
        pytest.param("+31850000100..99", "+31850000150..249", True, id="crossing"),
        pytest.param("+31850000100..99", "+31850000120..30", True, id="inside"),
        pytest.param("+31850000000", "+31850000000", True, id="same"),
    ],
)
def test_overlaps(one: str, other: str, expected: bool) -> None:  # noqa: FBT001 -- the verdict
    """Blocks overlap when they share a number, whichever is asked."""
    first, second = parse_number_entry(one), parse_number_entry(other)
    assert first.overlaps(second) is expected
    assert second.overlaps(first) is expected


@pytest.mark.parametrize(
    ("first", "last"),
    [
        pytest.param(31850000001, 31850000000, id="backwards"),
        pytest.param(999999, 999999, id="six-digits"),
        pytest.param(31850000000, 318500000000, id="mixed-lengths"),
        pytest.param(10**15, 10**15, id="sixteen-digits"),
        pytest.param(-31850000000, -31850000000, id="negative"),
        pytest.param(31850000000, 31850100000, id="one-too-many"),
    ],
)
def test_a_block_that_is_none_cannot_be_made(first: int, last: int) -> None:
    """The type itself refuses what no document could say."""
    with pytest.raises(FaultyValueError, match=r"\+"):
        NumberBlock(first, last)


@given(
    first=st.integers(min_value=31_850_000_000, max_value=31_859_899_999),
    more=st.integers(min_value=0, max_value=99_999),
)
def test_block_text_round_trips_and_is_shortest(first: int, more: int) -> None:
    """A block's text parses and reads back to the block, and no shorter suffix would."""
    block = NumberBlock(first, first + more)
    assert parse_number_entry(str(block)) == block
    assert NumberBlock.from_text(str(block)) == block
    head, _, suffix = str(block).partition("..")
    assert not suffix or head[-len(suffix)] != suffix[0]


@given(first=st.integers(min_value=10**6, max_value=10**15 - 1), more=st.integers(0, 99_999))
def test_stored_text_reads_back_unjudged(first: int, more: int) -> None:
    """What a block of any country wrote reads back, also where no such number exists (any more)."""
    if len(str(first)) == len(str(first + more)):
        block = NumberBlock(first, first + more)
        assert NumberBlock.from_text(str(block)) == block


def test_blocks_are_values() -> None:
    """Blocks are frozen and equal by what they hold."""
    block = NumberBlock(31850000000, 31850000009)
    assert {block, NumberBlock(31850000000, 31850000009)} == {block}
    with pytest.raises(FrozenInstanceError):
        block.first = 1  # type: ignore[misc]


@given(text=st.one_of(st.text(), NUMBERISH))
def test_parse_forward_number_gives_e164_or_a_remedy(text: str) -> None:
    """Any text parses to E.164 made of its own digits, or is refused with a remedy."""
    try:
        number = parse_forward_number(text)
    except FaultyValueError as refused:
        [(_, remedy)] = refused.faults
        assert REMEDY.match(remedy)
    else:
        assert E164.fullmatch(number)
        assert text.isascii()


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        pytest.param("+31612345678", "*********678", id="e164"),
        pytest.param("0612345678", "*******678", id="national"),
        pytest.param("06-123 45 678", "**********678", id="separators"),
        pytest.param("1234567", "****567", id="seven-digits"),
        pytest.param("123456", "******", id="six-digits"),
        pytest.param("101", "***", id="extension"),
        pytest.param("", "", id="empty"),
        pytest.param("anonymous", "*********", id="anonymous"),
        pytest.param("sip:0612345678@x", "***********678**", id="sip"),
        pytest.param(
            "\u0660\u0666\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668",
            "**********",
            id="arabic-digits",
        ),
        pytest.param("9" * 300, "*" * 253 + "999", id="long"),
    ],
)
def test_masks(text: str, masked: str) -> None:
    """A log shows the last three digits of a number and nothing of a short one."""
    assert mask_number(text) == masked


@given(text=st.one_of(st.text(), NUMBERISH, st.from_regex(r"\A\+?[0-9]{0,20}\Z")))
def test_a_mask_shows_at_most_three_digits(text: str) -> None:
    """Any text is masked without raising: asterisks, and at most its last three digits."""
    masked = mask_number(text)
    shown = masked.replace("*", "")
    assert len(masked) == len(text)
    assert shown == "" or (len(shown) == 3 and "".join(re.findall("[0-9]", text)).endswith(shown))
