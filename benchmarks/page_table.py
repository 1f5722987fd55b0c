"""Where a page of docs/ has room for a table that is written by `make plots`."""

from typing import Final

_BEGIN: Final = "<!-- `make plots` writes this table -->\n"
_END: Final = "<!-- the end of that table -->\n"


def with_table(page: str, table: str) -> str:
    """Return a page with the table in the place that it has for it."""
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n{table}\n{_END}{after}"
