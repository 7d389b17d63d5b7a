"""HTML pages read back: what a report must be, whatever it shows."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections import Counter
from html.parser import HTMLParser

VOID = {"br", "input", "link", "meta"}
LOADING = {"iframe", "img", "object", "embed", "base", "audio", "video", "use", "image"}
FETCHING = {"href", "src", "srcset", "action", "formaction", "poster", "background", "data", "xlink:href", "ping"}


class Page(HTMLParser):
    """A page read into its elements; refuses tags that don't close in order, and attributes given twice."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[tuple[str, ...], str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element of SVG that closes itself."""
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """An element ends: the last one that began."""
        assert self.open, tag
        assert self.open.pop() == tag, (tag, self.getpos())

    def handle_data(self, data: str) -> None:
        """Text, with the elements around it."""
        self.texts.append((tuple(self.open), data))

    def of(self, tag: str) -> list[dict[str, str]]:
        """The attributes of all elements of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]

    def text(self, tag: str) -> str:
        """All text directly in elements of a kind."""
        return "".join(data for around, data in self.texts if around[-1:] == (tag,))


def words(text: str) -> str:
    """What a part of the page says, without its tags."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", "", text)))


def check_safe(text: str) -> None:
    """Every element closes, ids are unique, links stay on the page, nothing is fetched, no handler or style is inline."""
    page = Page(text)
    assert text.lstrip().startswith("<!doctype html>")
    ids = Counter(attributes["id"] for _, attributes in page.elements if "id" in attributes)
    assert set(ids.values()) == {1}
    for tag, attributes in page.elements:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            assert name != "style"
            if name in FETCHING:
                assert value == "data:," or (value.startswith("#") and value[1:] in ids), (tag, value)
    assert not {tag for tag, _ in page.elements} & LOADING
    assert not re.search(r"@import|url\((?!#)", page.text("style"))


def check_policy(text: str, *own: str) -> None:
    """The policy forbids everything, but for the page's own style and script (`own`), named by their hashes."""
    page = Page(text)
    policy = next(item["content"] for item in page.of("meta") if item.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert (rules["default-src"], rules["img-src"]) == ("'none'", "data:")
    assert set(rules) == {"default-src", "img-src", "base-uri", "form-action", *(f"{tag}-src" for tag in own)}
    for tag in ("style", "script"):
        assert len(page.of(tag)) == (tag in own)
    for tag in own:
        digest = base64.b64encode(hashlib.sha256(page.text(tag).encode()).digest()).decode()
        assert rules[f"{tag}-src"] == f"'sha256-{digest}'"
