"""The kernel's limit on open files: raised for those who need many, lowered for a daemon."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# What a process opens besides its connections.
_OWN: Final = 250


def allow_connections(wanted: int) -> int:
    """Raise this process's limit, and so that of what it starts, as far as it goes and is needed.

    Returns how many connections of those wanted a process may then have.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted + _OWN:
        soft = min(wanted + _OWN, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(wanted, soft - _OWN)


@contextmanager
def few_descriptors(count: int) -> Iterator[None]:
    """Let what is started meanwhile open no more than `count` files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
