"""Where a caller may be forwarded to, and where never."""

from __future__ import annotations

import re
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.errors import FaultyValueError
from schedules.forward_rules import ForwardPolicy, forward_refusal
from schedules.telephone import parse_forward_number

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
REMEDY = re.compile(r"(write|check|forward to|have [A-Z]{2} added)\b")
NUMBERISH = st.text(alphabet="0123456789+ -.()\u0663\uff12\ud800\x00")
HOME_ONLY: Final = ForwardPolicy()
OPTED_IN: Final = ForwardPolicy(
    countries=frozenset({"BE", "DE", "GB", "US", "RU", "FR", "IT", "ES"})
)

ALLOWED, REFUSED, UNREADABLE = "allowed", "refused", "unreadable"
FORWARD_CORPUS = [
    ("amsterdam", "020 123 4567", ALLOWED),
    ("rotterdam", "+31101234567", ALLOWED),
    ("goes-0113", "0113-123456", ALLOWED),
    ("tiel-0344", "(0344) 12.34.56", ALLOWED),
    ("eindhoven", "0031401234567", ALLOWED),
    ("groningen", "+31 (0)50 123 45 67", ALLOWED),
    ("den-haag", "070-1234567", ALLOWED),
    ("zaltbommel-0418", "0418123456", ALLOWED),
    ("maasland-0180", "0180123456", ALLOWED),
    ("mobile-061", "0612345678", ALLOWED),
    ("mobile-065", "06-51234567", ALLOWED),
    ("mobile-068", "31681234567", ALLOWED),
    ("business-085", "0850000000", ALLOWED),
    ("business-088", "088 123 4567", ALLOWED),
    ("internet-091", "0911234567", ALLOWED),
    ("freephone-short", "0800-1234", ALLOWED),
    ("freephone-long", "0800 1234567", ALLOWED),
    ("freephone-between", "0800 12345", REFUSED),
    ("freephone-one-short-of-long", "0800 123456", REFUSED),
    ("freephone-too-long", "0800 12345678", REFUSED),
    ("pager-066", "0661234567", REFUSED),
    ("automated-067", "0671234567", REFUSED),
    ("vpn-082", "0821234567", REFUSED),
    ("assistant-084", "0841234567", REFUSED),
    ("assistant-087", "0871234567", REFUSED),
    ("assistant-087-e164", "+31 87 123 4567", REFUSED),
    ("unused-081", "0811234567", REFUSED),
    ("unused-083", "0831234567", REFUSED),
    ("unused-086", "0861234567", REFUSED),
    ("unused-089", "0891234567", REFUSED),
    ("unused-092", "0921234567", REFUSED),
    ("unused-0801", "08011234567", REFUSED),
    ("premium-0900-short", "0900-1234", REFUSED),
    ("premium-0900-long", "0900 1234567", REFUSED),
    ("premium-0906", "+31 906 1234", REFUSED),
    ("premium-0909", "00319091234567", REFUSED),
    ("premium-nine-digits", "+31900123456", REFUSED),
    ("machine-097", "097012345678", REFUSED),
    ("machine-097-nine-digits", "0970123456", REFUSED),
    ("emergency-112", "112", UNREADABLE),
    ("emergency-0112", "0112", UNREADABLE),
    ("emergency-with-code", "+31112", UNREADABLE),
    ("emergency-and-more", "0112123456", REFUSED),
    ("suicide-prevention-113", "113", UNREADABLE),
    ("police-0900-8844", "0900-8844", REFUSED),
    ("harmonised-116", "+31116000", REFUSED),
    ("harmonised-bare", "116000", UNREADABLE),
    ("harmonised-and-more", "0116123456", REFUSED),
    ("authority-14020", "+3114020", REFUSED),
    ("authority-bare", "14020", UNREADABLE),
    ("authority-140113", "+31140113", REFUSED),
    ("directory-1888", "1888", UNREADABLE),
    ("directory-with-code", "+311888", UNREADABLE),
    ("directory-six-digits", "+3118001888", REFUSED),
    ("carrier-select", "1600", UNREADABLE),
    ("extension", "101", UNREADABLE),
    ("mobile-a-digit-short", "061234567", REFUSED),
    ("mobile-a-digit-long", "06123456789", REFUSED),
    ("geographic-a-digit-long", "02012345678", REFUSED),
    ("lost-its-zero", "612345678", UNREADABLE),
    ("brussels", "+32 2 512 00 00", ALLOWED),
    ("belgian-mobile", "0032490123456", ALLOWED),
    ("belgian-premium", "+3290212345", REFUSED),
    ("belgian-too-short", "+3225120", REFUSED),
    ("berlin", "+49 30 123456", ALLOWED),
    ("german-premium", "+499001234567", REFUSED),
    ("german-shared-cost", "+491801234567", REFUSED),
    ("german-personal", "+4970012345678", REFUSED),
    ("london-trunk-zero", "+44 (0)20 7946 0000", ALLOWED),
    ("british-mobile", "+447400123456", ALLOWED),
    ("british-freephone", "+448081570192", ALLOWED),
    ("british-nationwide-03", "+443001234567", ALLOWED),
    ("british-premium", "+449012345678", REFUSED),
    ("british-shared-0845", "+448451234567", REFUSED),
    ("british-personal-070", "+447012345678", REFUSED),
    ("british-pager-076", "+447640123456", REFUSED),
    ("jersey-not-gb", "+441534123456", REFUSED),
    ("jersey-mobile-not-gb", "+447797123456", REFUSED),
    ("guernsey-among-british-mobiles", "+447911123456", REFUSED),
    ("guernsey-mobile-not-gb", "+447781123456", REFUSED),
    ("man-mobile-not-gb", "+447624123456", REFUSED),
    ("new-york", "+1 212 555 0100", ALLOWED),
    ("us-premium", "+19005550100", REFUSED),
    ("dominican-not-us", "+18095550100", REFUSED),
    ("jamaican-not-us", "+18765550100", REFUSED),
    ("canadian-not-us", "+14165550100", REFUSED),
    ("moscow", "+74951234567", ALLOWED),
    ("kazakh-not-russian", "+77011234567", REFUSED),
    ("rome-keeps-its-zero", "+39 06 1234 5678", ALLOWED),
    ("vatican-not-italian-region", "+39 06 69881234", REFUSED),
    ("french-mobile", "+33 6 12 34 56 78", ALLOWED),
    ("french-premium", "+33891123456", REFUSED),
    ("spanish-premium", "+34803123456", REFUSED),
    ("austria-not-opted-in", "+43 1 234567890", REFUSED),
    ("cuba-not-opted-in", "+5371234567", REFUSED),
    ("caribbean-netherlands", "+599 7151234", REFUSED),
    ("freephone-international", "+80012345678", REFUSED),
    ("shared-cost-international", "+80812345678", REFUSED),
    ("inmarsat", "+870773123456", REFUSED),
    ("inmarsat-by-00", "00870773123456", REFUSED),
    ("iridium", "+881612345678", REFUSED),
    ("globalstar", "+881 8 12345678", REFUSED),
    ("thuraya", "+8821612345678", REFUSED),
    ("network-883", "+883510012345678", REFUSED),
    ("personal-878", "+878101234567890", REFUSED),
    ("premium-international", "+979123456789", REFUSED),
    ("no-such-country", "+999123456789", UNREADABLE),
    ("letters-vanity", "0800-BELGRATIS", UNREADABLE),
    ("letters-o-for-zero", "06l2345678", UNREADABLE),
    ("arabic-indic", "\u0660\u0666\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668", UNREADABLE),
    ("full-width", "\uff10\uff16\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18", UNREADABLE),
    ("full-width-plus", "\uff0b31612345678", UNREADABLE),
    ("one-foreign-digit", "061234567\u0668", UNREADABLE),
    ("no-break-space", "06\u00a012345678", UNREADABLE),
    ("zero-width-space", "06\u200b12345678", UNREADABLE),
    ("extension-parameter", "+31612345678;ext=12", UNREADABLE),
    ("extension-x", "0612345678 x12", UNREADABLE),
    ("extension-word", "0612345678 ext. 12", UNREADABLE),
    ("pause", "0612345678,,909", UNREADABLE),
    ("hash", "0612345678#", UNREADABLE),
    ("star", "*21*0612345678", UNREADABLE),
    ("withhold-code", "#31#0612345678", UNREADABLE),
    ("sip-uri", "sip:0612345678@host", UNREADABLE),
    ("tel-uri", "tel:0612345678", UNREADABLE),
    ("angle-brackets", "<0612345678>", UNREADABLE),
    ("two-numbers", "0612345678/0687654321", UNREADABLE),
    ("two-numbers-in-one", "0612345678 0687654321", UNREADABLE),
    ("second-plus", "+31+612345678", UNREADABLE),
    ("line-break", "0612345678\n0687654321", UNREADABLE),
    ("null-byte", "0612345678\x00", UNREADABLE),
    ("surrogate", "0612345678\ud800", UNREADABLE),
    ("open-parenthesis", "(0612345678", UNREADABLE),
    ("empty", "", UNREADABLE),
    ("blank", "   ", UNREADABLE),
    ("huge", "0" * 10_000, UNREADABLE),
]


@pytest.mark.parametrize(
    ("number", "verdict"),
    [pytest.param(number, verdict, id=id_) for id_, number, verdict in FORWARD_CORPUS],
)
def test_forward_corpus(number: str, verdict: str) -> None:
    """Toll fraud (quality.md): every number of the corpus gets its verdict, with a remedy."""
    if verdict == UNREADABLE:
        with pytest.raises(FaultyValueError):
            parse_forward_number(number)
        return
    refusal = forward_refusal(parse_forward_number(number), OPTED_IN)
    if verdict == ALLOWED:
        assert refusal is None
    else:
        assert refusal is not None
        assert REMEDY.match(refusal[1])


def test_the_corpus_is_as_large_as_promised() -> None:
    """At least 60 numbers, each id once, each verdict well represented."""
    ids = [id_ for id_, _, _ in FORWARD_CORPUS]
    assert len(ids) == len(set(ids)) >= 60
    verdicts = [verdict for _, _, verdict in FORWARD_CORPUS]
    assert min(verdicts.count(v) for v in (ALLOWED, REFUSED, UNREADABLE)) >= 20


@pytest.mark.parametrize(
    ("number", "policy", "is_allowed"),
    [
        pytest.param("+31612345678", HOME_ONLY, True, id="home"),
        pytest.param("+3225120000", HOME_ONLY, False, id="abroad-not-opted-in"),
        pytest.param("+3225120000", ForwardPolicy(region="BE"), True, id="another-home"),
        pytest.param("+31612345678", ForwardPolicy(region="BE"), False, id="nl-not-home"),
        pytest.param(
            "+31612345678", ForwardPolicy("BE", frozenset({"NL"})), True, id="nl-opted-in"
        ),
        pytest.param(
            "+31841234567", ForwardPolicy("BE", frozenset({"NL"})), False, id="nl-table-holds"
        ),
        pytest.param("+441534123456", ForwardPolicy("JE"), True, id="jersey-at-home"),
        pytest.param("+442079460000", ForwardPolicy("JE"), False, id="gb-is-not-jersey"),
        pytest.param("+77011234567", ForwardPolicy("KZ"), True, id="kazakhstan-at-home"),
        pytest.param("+14165550100", ForwardPolicy("CA"), True, id="canada-at-home"),
    ],
)
def test_whose_numbers_are_home(
    number: str,
    policy: ForwardPolicy,
    is_allowed: bool,  # noqa: FBT001 -- the verdict
) -> None:
    """The home region and the countries opted in are allowed, the Dutch table included."""
    assert (forward_refusal(number, policy) is None) is is_allowed


@pytest.mark.parametrize(
    ("number", "words"),
    [
        pytest.param("+319001234", "information number", id="premium"),
        pytest.param("+31841234567", "084", id="assistant"),
        pytest.param("+31116000", "116", id="harmonised"),
        pytest.param("+3161234567", r"has 8 digits after \+31 where its range has 9", id="short"),
        pytest.param("+31800123456", "has 7 or 10", id="freephone"),
        pytest.param("+31831234567", "Dutch range", id="unused"),
        pytest.param("+3225120000", "have BE added to forward_countries", id="not-opted-in"),
        pytest.param("+881612345678", "satellite", id="satellite"),
        pytest.param("+32251200", "not a valid number", id="invalid-abroad"),
        pytest.param("+999123456789", "no country's calling code", id="no-country"),
        pytest.param("0612345678", "not an E.164 number", id="national"),
        pytest.param("", "not an E.164 number", id="empty"),
        pytest.param("+31612345678\n", "not an E.164 number", id="trailing-line-break"),
        pytest.param(
            "+\u0663\u0661\u0666\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668",
            "not an E.164 number",
            id="arabic-digits",
        ),
    ],
)
def test_a_refusal_names_the_fault(number: str, words: str) -> None:
    """The problem says which rule refused, and the remedy how an operator can mend it."""
    refusal = forward_refusal(number, HOME_ONLY)
    assert refusal is not None
    problem, remedy = refusal
    assert re.search(words, f"{problem}; {remedy}")
    assert REMEDY.match(remedy)


@given(text=st.one_of(st.text(), NUMBERISH, st.from_regex(r"\A\+[0-9]{5,17}\Z")))
def test_forward_refusal_never_raises(text: str) -> None:
    """Whatever a store holds, the decision gets a verdict (semantics.md rule 19)."""
    refusal = forward_refusal(text, OPTED_IN)
    assert refusal or E164.fullmatch(text)


def test_policies_are_values() -> None:
    """Policies are equal by what they hold, so that a verdict is worked out once."""
    assert hash(ForwardPolicy("NL", frozenset({"BE"}))) == hash(
        ForwardPolicy("NL", frozenset({"BE"}))
    )
    assert ForwardPolicy() == ForwardPolicy("NL", frozenset())


@pytest.mark.parametrize("code", ["nl", "NLD", "001", "", "N1", "\uff2e\uff2c", "NL\n"], ids=ascii)
def test_a_policy_refuses_what_is_no_country(code: str) -> None:
    """A code that could never match is refused, as home and as opted in."""
    with pytest.raises(FaultyValueError, match="not a country code"):
        ForwardPolicy(region=code)
    with pytest.raises(FaultyValueError, match="not a country code"):
        ForwardPolicy(countries=frozenset({"BE", code}))
