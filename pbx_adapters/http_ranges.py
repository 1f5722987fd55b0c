"""Conditions and ranges of a download (RFC 9110, 13 and 14), for content that never changes."""

import re
from collections.abc import Sequence
from typing import Final

_RANGE: Final = re.compile(r"bytes=[ \t]*([0-9]*)-([0-9]*)[ \t]*", re.IGNORECASE)
_TAG: Final = re.compile(r'(W/)?("[^"]*")')


class UnsatisfiableRangeError(Exception):
    """A range that is well formed but lies beyond the end."""


def find_range(asked: Sequence[str], size: int) -> range | None:
    """Return which of `size` bytes are asked for; None where all of them are to be sent.

    `asked` holds every `Range` header there is. What is no single range of bytes is ignored: a
    server may, and a client that gets the whole has what it wanted. Raises
    `UnsatisfiableRangeError`.
    """
    match = _RANGE.fullmatch(asked[0]) if len(asked) == 1 else None
    if match is None:
        return None
    first, last = match.groups()
    if not first and not last:
        return None
    if not first:
        found = range(max(0, size - int(last)), size)
    elif last and int(last) < int(first):
        return None
    else:
        found = range(int(first), min(int(last) + 1, size) if last else size)
    if not found:
        raise UnsatisfiableRangeError
    return found


def is_known(tag: str, if_none_match: Sequence[str]) -> bool:
    """Tell whether the client has what `tag` names already; compared weakly."""
    return _lists(tag, if_none_match, is_weak_enough=True)


def is_wanted(tag: str, if_match: Sequence[str]) -> bool:
    """Tell whether the client wants what `tag` names, if anything; compared strongly."""
    return not if_match or _lists(tag, if_match, is_weak_enough=False)


def _lists(tag: str, headers: Sequence[str], *, is_weak_enough: bool) -> bool:
    listed = ",".join(headers)
    found = ((weak, one) for weak, one in _TAG.findall(listed) if is_weak_enough or not weak)
    return listed.strip() == "*" or any(one == tag for _, one in found)


def may_send_range(tag: str, if_range: str | None) -> bool:
    """Tell whether a range fits what the client has a part of; compared strongly."""
    return if_range is None or if_range.strip() == tag
