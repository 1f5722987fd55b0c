"""The printable page of `bereikbaar overview`, on Sunday 22 November 2026 at 11:00 CET."""

import re
from collections.abc import Callable
from typing import Final

import pytest

from admin_cli.overview_words import WORDS
from tests.cli.command_line import SHA256, CommandLine, document
from tests.cli.html_page import Page

EVIL: Final = "<script>alert('x')</script>"


def page_of(cli: CommandLine, *options: str, schedule_id: str = "winkel") -> Page:
    """Have a page made on stdout, and read it."""
    return Page(cli("overview", schedule_id, "--html", "-", *options).stdout)


def test_the_page_needs_nothing_from_elsewhere(shop: CommandLine) -> None:
    """No script, no address, no reference but to its own symbols; and a browser may load none."""
    text = shop("overview", "winkel", "--html", "-").stdout
    page = Page(text)
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in page.elements}
    references = [
        value
        for _, attrs in page.elements
        for name, value in attrs.items()
        if name in ("src", "href", "xlink:href", "action")
    ]
    assert set(references) == {"#message", "#forward", "#voicemail"}
    assert "http:" not in text
    assert "https:" not in text
    assert "url(" not in text
    policies = [attrs["content"] for _, attrs in page.elements if "http-equiv" in attrs]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_the_page_prints_on_a4_in_colour(shop: CommandLine) -> None:
    """The style sheet says so."""
    style = shop("overview", "winkel", "--html", "-").stdout.split("<style>")[1]
    assert "size: A4" in style
    assert "print-color-adjust: exact" in style
    assert "@media print" in style


def test_the_week_as_bars_and_in_words(shop: CommandLine) -> None:
    """Monday's five slots lie at 9, 12, 13 and 18 hours of 24; the hours stand beside them."""
    page = page_of(shop)
    assert page.row("Maandag")[2] == "09:00-12:00 13:00-18:00"
    assert page.row("Zaterdag")[2] == "gesloten"
    assert page.pieces()[:5] == [
        ("piece closed", "left:0.000%;width:37.500%"),
        ("piece open", "left:37.500%;width:12.500%"),
        ("piece break", "left:50.000%;width:4.167%"),
        ("piece open", "left:54.167%;width:20.833%"),
        ("piece closed", "left:75.000%;width:25.000%"),
    ]
    assert "Maandag t/m vrijdag" in page.text
    assert "Zaterdag en zondag" in page.text
    assert "18:00-24:00 gesloten doorschakeling Storingsdienst +31612345678" in page.text
    assert "gesloten bericht Gesloten (ontbreekt) voicemail" in page.text


def test_every_bar_is_a_whole_day(shop: CommandLine) -> None:
    """The widths of the pieces add up to 100 % for each of 7 weekdays, 2 holidays, 3 exceptions."""
    widths = [
        float(re.findall(r"width:([\d.]+)%", style)[0]) for _, style in page_of(shop).pieces()
    ]
    assert sum(widths) == pytest.approx(100 * (7 + 2 + 3), abs=0.1)


def test_holidays_with_their_dates_the_next_one_first(shop: CommandLine) -> None:
    """Those on with their hours, those off said to be off; lustrum years are told."""
    page = page_of(shop)
    names = [row[0] for row in page.rows if len(row) >= 4]
    assert names[names.index("Feestdag") + 1 :][:3] == [
        "Eerste kerstdag",
        "Tweede kerstdag",
        "Nieuwjaarsdag",
    ]
    assert page.row("Feestdag")[1:3] == ["2026", "2027"]
    assert page.row("Eerste kerstdag")[1:3] == ["vr 25 dec", "za 25 dec"]
    assert page.row("Koningsdag") == [
        "Koningsdag",
        "ma 27 apr",
        "di 27 apr",
        "uit: gewone openingstijden",
    ]
    assert page.row("Bevrijdingsdag")[1:3] == ["di 5 mei niet dat jaar", "wo 5 mei niet dat jaar"]
    assert "alleen in lustrumjaren" in page.row("Bevrijdingsdag")[4]


def test_exceptions_active_drafts_and_expired_apart(shop: CommandLine) -> None:
    """Each under its heading, with its dates."""
    page = page_of(shop)
    headings = [row[0] for row in page.rows]
    order = ["Actief", "Kerstmarkt", "Concepten", "Zomerfeest", "Verlopen", "Oude dag"]
    places = [next(n for n, head in enumerate(headings) if head.startswith(one)) for one in order]
    assert places == sorted(places)
    assert page.row("Kerstmarkt")[0] == (
        "Kerstmarkt za 19 dec 2026 ma 28 t/m do 31 dec 2026 5 dagen"
    )
    assert page.row("Zomerfeest")[0] == "Zomerfeest nog geen datum"


def test_the_rest_of_the_page(shop: CommandLine) -> None:
    """Numbers, template, notes, override, message, forward, revision and moment."""
    page = page_of(shop, "--as", "piet")
    for part in (
        "Winkel Zwolle",
        "Voorbeeld BV",
        "+31850000200",
        "winkel@example.nl",
        "Template uitzondering Kerstmarkt",
        "Notities Sleutel bij de buren",
        "Stroomstoring (nu van kracht): zo 22 nov 2026 10:00 CET tot zo 22 nov 2026 12:00 CET",
        "Gemaakt op zo 22 nov 2026 11:00 CET",
    ):
        assert part in page.text
    assert re.search(r"Revisie 1, opgeslagen door \S+ op zo 22 nov 2026 11:00 CET", page.text)
    assert page.row("Gesloten") == ["Gesloten", "ontbreekt"]
    assert page.row("Storingsdienst") == ["Storingsdienst", "+31612345678"]


def test_tables_have_headings_for_rows_and_columns(shop: CommandLine) -> None:
    """A screen reader is told what a cell belongs to; bars are left to the text beside them."""
    page = page_of(shop)
    scopes = {attrs.get("scope") for tag, attrs in page.elements if tag == "th"}
    assert scopes == {"row", "col", "rowgroup"}
    bars = [attrs for _, attrs in page.elements if attrs.get("class") == "bar"]
    assert bars
    assert all(attrs["aria-hidden"] == "true" for attrs in bars)


def test_the_page_in_english(shop: CommandLine) -> None:
    """Words and names of days and holidays; what operators wrote stays."""
    page = page_of(shop, "--lang", "en")
    assert ("html", {"lang": "en"}) in page.elements
    assert page.row("Monday")[2] == "09:00-12:00 13:00-18:00"
    assert page.row("Christmas Day")[1:3] == ["Fri 25 Dec", "Sat 25 Dec"]
    assert page.row("Kerstmarkt")[0].startswith("Kerstmarkt Sat 19 Dec 2026 Mon 28 to Thu 31 Dec")
    assert not re.search(r"\b(gesloten|Feestdag|maandag|ontbreekt)\b", page.text)


def test_both_languages_have_the_same_words() -> None:
    """None is missing, none is left over, none is empty."""
    assert WORDS["nl"].keys() == WORDS["en"].keys()
    assert all(text for words in WORDS.values() for text in words.values())


def test_all_that_operators_wrote_is_escaped(cli: CommandLine) -> None:
    """In names, notes, messages, forwards, exceptions and reasons; and it is read as written."""
    cli.apply(
        document(
            "evil",
            "00:00-24:00 closed audio=a forward=f",
            name=f'"{EVIL}"',
            company=f'"{EVIL}"',
            notes=f'"{EVIL} & </style>"',
            audio=f'{{a: {{name: "{EVIL}", sha256: {SHA256}}}}}',
            forwards=f'{{f: {{name: "{EVIL}", number: "+31612345678"}}}}',
            exceptions=f'{{e: {{name: "{EVIL}", dates: [2026-12-24]}}}}',
            overrides="{o: {from: 2026-11-22T10:00+01:00, until: 2026-11-22T12:00+01:00, "
            f'slot: closed audio=a, reason: "{EVIL}"}}}}',
        ),
    )
    text = cli("overview", "evil", "--html", "-").stdout
    page = Page(text)
    assert "<script" not in text
    assert text.count("</style>") == 1
    assert page.text.count(EVIL) > 10
    assert f"{EVIL} & </style>" in page.text


def test_an_empty_schedule(cli: CommandLine) -> None:
    """Closed all week, not linked, and nothing else."""
    cli.apply(document("leeg", "00:00-24:00 closed"))
    page = page_of(cli, schedule_id="leeg")
    for part in (
        "geen: geen enkele centrale bereikt dit schema",
        "Maandag t/m zondag hele dag gesloten",
        "Geen uitzonderingen.",
        "Geen audioberichten.",
        "Geen doorschakelingen.",
    ):
        assert part in page.text
    assert "Overrides" not in page.text
    printed = cli("overview", "leeg").stdout
    assert "No exceptions." in printed
    assert "none: no PBX reaches this schedule" in printed


def test_a_long_day_is_written_out(cli: CommandLine) -> None:
    """All 48 slots stand in the list; beside the bar only the first open hours."""
    slots = (
        f"{n // 2:02}:{n % 2 * 30:02}-{(n + 1) // 2:02}:{(n + 1) % 2 * 30:02} "
        f"{('open', 'break')[n % 2]}"
        for n in range(48)
    )
    cli.apply(document("lang", ", ".join(slots)))
    page = page_of(cli, schedule_id="lang")
    assert page.row("Maandag")[2] == "00:00-00:30 01:00-01:30 02:00-02:30 …"
    assert page.text.count("23:30-24:00 pauze") == 1
    assert len(page.pieces()) == 7 * 48


def test_what_is_special_about_a_holiday_is_told(
    shop: CommandLine, set_clock: Callable[[str], None]
) -> None:
    """In 2031 koningsdag moves to Saturday; an exception or another holiday may take its day."""
    days = "{name: Straatfeest, dates: [2030-12-25]}"
    holidays = "{koningsdag: , hemelvaartsdag: , bevrijdingsdag: , eerste_kerstdag: }"
    shop.apply(document("feest", exceptions=f"{{straat: {days}}}", holidays=holidays))
    set_clock("2030-06-01T12:00:00+00:00")
    page = page_of(shop, schedule_id="feest")
    assert page.row("Koningsdag")[1:3] == ["za 27 apr", "za 26 apr verschoven van zo 27"]
    assert page.row("Eerste kerstdag")[1] == "wo 25 dec uitzondering Straatfeest"
    set_clock("2016-01-01T12:00:00+00:00")
    page = page_of(shop, "--lang", "en", schedule_id="feest")
    assert page.row("Ascension Day")[1] == "Thu 5 May Liberation Day"
