"""Links and forms of a page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit


@dataclass
class Form:
    """A form as a browser would send it. `files` are the names of its file fields."""

    action: str
    method: str
    enctype: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    @property
    def shape(self) -> tuple[str, ...]:
        """What tells one form of a page from another: its fields, and the values of its buttons."""
        return tuple(sorted({name for name, _ in self.fields} | set(self.files)))


class _Reader(HTMLParser):
    def __init__(self, base: str) -> None:
        super().__init__()
        self.base, self.links, self.forms = base, [], []  # type: ignore[var-annotated]
        self.form: Form | None = None
        self.select: str | None = None
        self.area: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in ("a", "link", "img", "script") and (href := given.get("href") or given.get("src")):
            self.links.append(href)
        elif tag == "form":
            action = given.get("action") or self.base
            self.form = Form(action, given.get("method", "get").lower(), given.get("enctype", ""))
            self.forms.append(self.form)
        elif self.form is not None:
            self._field(tag, given)

    def _field(self, tag: str, given: dict[str, str]) -> None:
        assert self.form is not None
        name, kind = given.get("name", ""), given.get("type", "text").lower()
        if tag == "select":
            self.select = name
        elif tag == "option" and self.select and (value := given.get("value")) and not any(n == self.select for n, _ in self.form.fields):
            self.form.fields.append((self.select, value))
        elif tag == "textarea" and name:
            self.area = name, []
        elif tag == "button" and name and kind != "reset":
            self.form.fields.append((name, given.get("value", "")))
        elif tag == "input" and name:
            if kind == "file":
                self.form.files.append(name)
            elif kind == "checkbox":
                self.form.fields.append((name, given.get("value", "on")))
            elif kind == "radio":
                if not any(n == name for n, _ in self.form.fields):
                    self.form.fields.append((name, given.get("value", "on")))
            elif kind != "reset":
                self.form.fields.append((name, given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        elif tag == "select":
            self.select = None
        elif tag == "textarea" and self.area and self.form is not None:
            self.form.fields.append((self.area[0], "".join(self.area[1]).strip()))
            self.area = None

    def handle_data(self, data: str) -> None:
        if self.area:
            self.area[1].append(data)


def read(page: str, base: str) -> tuple[list[str], list[Form]]:
    """Addresses of this portal that the page leads to, and its forms; both with their path alone, made whole against `base`."""
    reader = _Reader(base)
    reader.feed(page)
    forms = []
    for form in reader.forms:
        if found := _local(form.action, base):
            form.action = found
            form.fields = [pair for pair in form.fields if pair[0] != "csrfmiddlewaretoken"]
            forms.append(form)
    return list(dict.fromkeys(_locals(reader.links, base))), forms


def _locals(links: list[str], base: str) -> Iterator[str]:
    for link in links:
        if found := _local(link, base):
            yield found


def _local(link: str, base: str) -> str:
    whole = urlsplit(urljoin(f"https://portal.example.test{base}", link))
    if whole.scheme not in ("http", "https") or whole.hostname not in ("portal.example.test", "testserver"):
        return ""
    return whole.path + (f"?{whole.query}" if whole.query else "")
