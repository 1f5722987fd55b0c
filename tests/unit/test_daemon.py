"""What the daemon does without: its control socket."""

from pathlib import Path

from pbx_adapters.daemon import _why_no_socket


def test_data_directory_too_long_for_a_socket_is_told(tmp_path: Path) -> None:
    """Such a directory, as one that can't be written, costs the control socket and no more."""
    long = tmp_path / ("x" * 120)
    long.mkdir()
    assert "choose a shorter data directory" in _why_no_socket(long)
    assert "can't be written" in _why_no_socket(tmp_path / "absent")


def test_ordinary_data_directory_has_a_socket() -> None:
    """Where nothing is in the way, nothing is told."""
    assert _why_no_socket(Path("/tmp")) == ""  # noqa: S108 - short, and nothing is written
