"""The small fields: ids, names, addresses, hashes."""

from collections.abc import Callable

import pytest

from schedules.errors import FaultyValueError, meant
from schedules.field_text import (
    check_country,
    check_email,
    check_free_text,
    check_holiday_id,
    check_name,
    check_sha256,
    check_slug,
    free_slug,
    slug_of_name,
)


@pytest.mark.parametrize(
    ("check", "text"),
    [
        pytest.param(check_slug, "a", id="slug-of-one"),
        pytest.param(check_slug, "0-9--z", id="slug-with-hyphens"),
        pytest.param(check_slug, "a" * 64, id="longest-slug"),
        pytest.param(check_name, "é" * 64, id="longest-name"),
        pytest.param(check_name, "Café 't Hoekje \U0001f600", id="name-of-any-script"),
        pytest.param(check_free_text, "een\n\ttwee", id="lines"),
        pytest.param(check_free_text, "x" * 2_000, id="longest-text"),
        pytest.param(check_email, "a.b+c@example.co.nl", id="address"),
        pytest.param(check_email, "x@bücher.example", id="address-of-any-script"),
        pytest.param(check_sha256, "09af" * 16, id="hash"),
        pytest.param(check_holiday_id, "goede_vrijdag", id="holiday"),
        pytest.param(check_country, "BE", id="country"),
    ],
)
def test_what_is_sound_passes_unchanged(check: Callable[[str], str | None], text: str) -> None:
    """A check passes what is sound, as it is."""
    assert check(text) == text


def test_an_empty_text_is_none() -> None:
    """Free text that says nothing is unset."""
    assert check_free_text("") is None


@pytest.mark.parametrize(
    ("check", "text"),
    [
        pytest.param(check_slug, "", id="slug-empty"),
        pytest.param(check_slug, "-a", id="slug-outer-hyphen"),
        pytest.param(check_slug, "a-", id="slug-last-hyphen"),
        pytest.param(check_slug, "a" * 65, id="slug-too-long"),
        pytest.param(check_slug, "a\n", id="slug-line-break"),
        pytest.param(check_slug, "\u0661", id="slug-other-digits"),
        pytest.param(check_name, "", id="name-empty"),
        pytest.param(check_name, " ", id="name-blank"),
        pytest.param(check_name, "x" * 65, id="name-too-long"),
        pytest.param(check_name, "a\u202eb", id="name-right-to-left-override"),
        pytest.param(check_name, "a\x1b[31m", id="name-escape-sequence"),
        pytest.param(check_free_text, "x" * 2_001, id="text-too-long"),
        pytest.param(check_free_text, "a\rb", id="text-carriage-return"),
        pytest.param(check_email, "a@b", id="address-without-a-dot"),
        pytest.param(check_email, "a@b..nl", id="address-double-dot"),
        pytest.param(check_email, "a@b@c.nl", id="address-two-ats"),
        pytest.param(check_email, "a@example.nl,b@example.nl", id="two-addresses"),
        pytest.param(check_email, "a@example.nl\n", id="address-line-break"),
        pytest.param(check_email, f"{'x' * 250}@a.nl", id="address-too-long"),
        pytest.param(check_email, "a\u200e@example.nl", id="address-unprintable"),
        pytest.param(check_sha256, "09AF" * 16, id="hash-in-capitals"),
        pytest.param(check_sha256, "09af" * 17, id="hash-too-long"),
        pytest.param(check_holiday_id, "kerst", id="holiday-unknown"),
        pytest.param(check_holiday_id, "x" * 1_000_000, id="holiday-endless"),
        pytest.param(check_country, "be", id="country-small"),
        pytest.param(check_country, "BEL", id="country-of-three"),
        pytest.param(check_country, "UK", id="country-that-is-called-gb"),
        pytest.param(check_country, "QQ", id="no-country"),
    ],
)
def test_the_rest_is_refused_with_a_remedy(check: Callable[[str], object], text: str) -> None:
    """One fault, of bounded length, with what to do."""
    with pytest.raises(FaultyValueError) as refused:
        check(text)
    [(problem, remedy)] = refused.value.faults
    assert len(problem) < 200
    assert remedy


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        pytest.param("Storingsdienst", "storingsdienst", id="plain"),
        pytest.param("Café 't Hoekje (Zoë)", "cafe-t-hoekje-zoe", id="accents-and-marks"),
        pytest.param("  Jan  Jansen ", "jan-jansen", id="spaces"),
        pytest.param("Straße Ĳmuiden", "strasse-ijmuiden", id="one-letter-that-is-two"),
        pytest.param("日本", "", id="nothing-left"),
        pytest.param("x" * 64, "x" * 64, id="longest"),
        pytest.param("ß" * 64, "s" * 64, id="grown-too-long"),
        pytest.param("a" * 62 + "-½", "a" * 62 + "-1", id="fraction"),
        pytest.param("ß" * 31 + "a ß", "s" * 62 + "a", id="cut-behind-a-hyphen"),
    ],
)
def test_the_id_that_a_name_suggests(name: str, slug: str) -> None:
    """Small letters, digits and inner hyphens are left of a name, at most 64."""
    assert slug_of_name(name) == slug


@pytest.mark.parametrize(
    ("wanted", "taken", "slug"),
    [
        pytest.param("a", "b", "a", id="free"),
        pytest.param("a", "a", "a-2", id="taken"),
        pytest.param("a", "a a-2 a-4", "a-3", id="first-that-is-free"),
        pytest.param("x" * 64, "x" * 64, "x" * 62 + "-2", id="longest"),
        pytest.param(f"{'x' * 61}-yz", f"{'x' * 61}-yz", "x" * 61 + "-2", id="cut-at-a-hyphen"),
    ],
)
def test_an_id_that_is_taken_gets_a_number(wanted: str, taken: str, slug: str) -> None:
    """The first free number stands behind it, within what an id may hold."""
    assert free_slug(wanted, taken.split()) == slug


def test_a_name_that_is_not_there_is_told_with_those_like_it() -> None:
    """The closest first; where none looks like it, another remedy."""
    known = {"storing", "storingsdienst", "balie"}
    assert meant("stooring", known, "look") == "did you mean storing, storingsdienst?"
    assert meant("kassa", known, "look") == "look"
    assert meant("x" * 10_000, known, "look") == "look"
