"""A page of HTML, read for what it has."""

from html.parser import HTMLParser
from typing import Final

VOID: Final = {"meta", "col", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """What a page has: its elements with attributes, its rows, and the text a reader sees."""

    def __init__(self, text: str) -> None:
        """Read a page, checking that each element is closed where it was opened."""
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.rows: list[list[str]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element; a cell begins in the last row."""
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element without content, as in a drawing."""
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        """Check that what ends is what began last."""
        assert self.open.pop() == tag
        self.texts.append(" " * (tag not in {"span", "b"}))

    def handle_data(self, data: str) -> None:
        """Keep text, but for the style."""
        if "style" in self.open:
            return
        data = data.replace("\N{EN DASH}", "-")
        self.texts.append(data)
        if self.open and {"td", "th"} & set(self.open):
            self.rows[-1][-1] = " ".join(f"{self.rows[-1][-1]} {data}".split())

    @property
    def text(self) -> str:
        """All that is read, in one line."""
        return " ".join("".join(self.texts).split())

    def row(self, heading: str) -> list[str]:
        """Return the cells of the one row with a heading."""
        (found,) = (row for row in self.rows if row and row[0].startswith(heading))
        return found

    def pieces(self) -> list[tuple[str, str]]:
        """Return class and style of each piece of a bar."""
        return [
            (attrs["class"], attrs["style"])
            for tag, attrs in self.elements
            if tag == "span" and attrs.get("class", "").startswith("piece")
        ]
