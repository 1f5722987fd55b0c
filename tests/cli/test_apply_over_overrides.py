"""`bereikbaar apply` of a document exported before an override was set (rules 7 and 20)."""

import pytest

from tests.cli.command_line import CommandLine, document

BRAKE = "{from: 2026-11-22T10:00Z, until: 2026-11-22T12:00Z, slot: closed, reason: Brand}"
OTHER = "{from: 2026-11-22T10:00Z, until: 2026-11-22T11:00Z, slot: closed, reason: Oefening}"


@pytest.fixture
def exported(cli: CommandLine) -> str:
    """Return an export of revision 1; piet has set an override since."""
    cli.apply(document("winkel"))
    text = cli("schedule", "export", "winkel").stdout
    cli.apply(document("winkel", overrides=f"{{brand: {BRAKE}}}"), options=("--as", "piet"))
    return text


def overrides(cli: CommandLine) -> set[str]:
    """Return which overrides the shop has."""
    return set(cli.json("schedule", "show", "winkel")["document"]["overrides"])


def test_an_edited_export_is_saved_over_it(cli: CommandLine, exported: str) -> None:
    """The brake stays on, though the document knows of none."""
    assert "overrides: {}" in exported
    result = cli.apply(exported.replace("Winkel", "Winkel Oost"))
    assert result.stdout.startswith("winkel: changed, revision 3\n  name: 'Winkel' becomes")
    assert overrides(cli) == {"brand"}


def test_an_export_as_it_was_changes_nothing(cli: CommandLine, exported: str) -> None:
    """It doesn't take the brake off."""
    assert cli.apply(exported).stdout == "winkel: unchanged, revision 2\n"


def test_an_override_is_added_beside_it(cli: CommandLine, exported: str) -> None:
    """Those of the document join those that were set meanwhile."""
    later = BRAKE.replace("11-22", "11-23")
    cli.apply(exported.replace("overrides: {}", f"overrides: {{later: {later}}}"))
    assert overrides(cli) == {"brand", "later"}


@pytest.mark.parametrize(
    ("key", "told"),
    [
        pytest.param("brand", "override brand was changed meanwhile", id="same-override"),
        pytest.param("oefening", "doesn't fit the overrides", id="spans-overlap"),
    ],
)
def test_overrides_that_clash_are_refused(
    cli: CommandLine, exported: str, key: str, told: str
) -> None:
    """The place is named, and nothing saved; forced, the document's are taken."""
    edited = exported.replace("overrides: {}", f"overrides: {{{key}: {OTHER}}}")
    name = cli.write("winkel.yaml", edited)
    before = cli.rows()
    refused = cli("apply", name, code=1)
    assert refused.stderr.startswith("winkel.yaml:")
    assert told in refused.stderr
    assert cli.rows() == before
    cli("apply", name, "--force")
    assert overrides(cli) == {key}


def test_over_any_other_change_it_is_refused(cli: CommandLine, exported: str) -> None:
    """As before: export it again, or force it."""
    cli.apply(document("winkel", notes="druk"), options=("--as", "piet"))
    name = cli.write("winkel.yaml", exported.replace("Winkel", "Winkel Oost"))
    refused = cli("apply", name, code=1).stderr
    assert "revision: is 1, but the schedule was changed by piet" in refused
    assert "stands at 3" in refused
