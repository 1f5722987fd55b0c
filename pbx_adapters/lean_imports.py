"""Imports libraries without what they bring along for uses that the daemon hasn't."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_CERTIFICATES: Final = "SSL_CERT_FILE"


@contextmanager
def lean_imports() -> Iterator[None]:
    """Spare what is imported inside a fifth of its time; what was imported before stays.

    structlog takes rich for coloured tracebacks; aiohttp reads the certificates of all authorities,
    twice, for asking servers over TLS. The daemon shows no colours and asks no server.
    """
    is_rich_hidden = sys.modules.setdefault("rich", None) is None  # type: ignore[arg-type]
    certificates = os.environ.get(_CERTIFICATES)
    os.environ[_CERTIFICATES] = os.devnull
    try:
        yield
    finally:
        if is_rich_hidden:
            del sys.modules["rich"]
        if certificates is None:
            del os.environ[_CERTIFICATES]
        else:
            os.environ[_CERTIFICATES] = certificates
