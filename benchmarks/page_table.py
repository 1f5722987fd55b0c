"""Where pages of docs/ have room for tables that `make plots` writes, each under a name."""

from typing import Final

_BEGIN: Final = "<!-- `make plots` writes this table: {} -->\n"
_END: Final = "<!-- the end of that table -->\n"


def with_table(page: str, name: str, table: str) -> str:
    """Return a page with a table in the place of its name; raises `ValueError` without one."""
    before, begin, rest = page.partition(_BEGIN.format(name))
    _, end, after = rest.partition(_END)
    if not end:
        raise ValueError(f"the page has no place for the table of {name}")
    return f"{before}{begin}\n{table}\n{end}{after}"
