"""Counts told to a person: how many there are, and how far a command is."""

import sys
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

import click

_TOLD_EVERY: Final = 100

_T = TypeVar("_T")


def how_many(count: int, what: str) -> str:
    """Write a count with what it counts: 1 message, 2 messages."""
    return f"{count:,} {what}" + "s" * (count != 1)


def counted(values: Iterable[_T], what: str) -> Iterator[_T]:
    """Yield values, and at a terminal tell now and then how many there were of `what`."""
    is_shown = is_watched()
    for count, value in enumerate(values):
        if is_shown and count and count % _TOLD_EVERY == 0:
            click.echo(f"\r{count:,} {what}", err=True, nl=False)
        yield value
    if is_shown:
        click.echo("\r" + " " * (len(what) + 11) + "\r", err=True, nl=False)


def is_watched() -> bool:
    """Tell whether somebody sees what goes to stderr."""
    return sys.stderr.isatty()
