"""What every page keeps to, read from its HTML and its headers (docs on the house, tests)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from lxml import html as parser

SCRIPTS = {"ar": re.compile(r"[A-Za-z]+"), "en": re.compile("[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff]+")}
# What reads the same in both languages: references with a dash and a figure, addresses of mail and pages.
_NEUTRAL = re.compile(
    r"[A-Z]{2,4}(?:-[A-Z0-9]+){2,4}(?![A-Za-z])"  # HL-2026-000001-K
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|https?://[^\s<>\"]+"
    r"|\b(?=[A-Z]*[0-9])[A-Z0-9]{12,}\b"  # a track id, a code to check
)
_READ_ALOUD = ("alt", "title", "aria-label", "placeholder", "data-label", "aria-description")
_LABELLED = ("input", "select", "textarea")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
POLICY = ("default-src 'self'", "script-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'")


def is_page(response: Any) -> bool:
    """Whether an answer is an HTML page."""
    return str(response.get("Content-Type", "")).startswith("text/html") and bool(response.content)


def parse(text: str) -> Any:
    """The document. Raises lxml.etree.ParserError for nothing at all."""
    return parser.document_fromstring(text)


def may_be_kept(headers: Mapping[str, str]) -> bool:
    """Whether a browser may keep an answer to a person: unless it must not, or it is a file that is the same for everybody."""
    control = headers.get("Cache-Control", "")
    return "no-store" not in control and ("public" not in control or headers.get("Content-Type", "").startswith("text/html"))


def header_problems(response: Any) -> Iterator[str]:
    """What the headers of an answer lack."""
    for name, value in HEADERS.items():
        if response.get(name) != value:
            yield f"{name} is {response.get(name)!r}"
    policy = str(response.get("Content-Security-Policy", ""))
    if policy == "sandbox; default-src 'none'":  # files to download
        return
    for part in POLICY:
        if part not in policy:
            yield f"the content policy lacks {part}"
    if "unsafe" in policy or "*" in policy:
        yield f"the content policy lets in too much: {policy}"


def page_problems(text: str) -> Iterator[str]:
    """What is wrong with a page's HTML."""
    page = parse(text)
    yield from _heads(page)
    yield from _ids(page)
    yield from _fields(page)
    yield from _policy(page)


def _words(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())


def _heads(page: Any) -> Iterator[str]:
    lang, direction = page.get("lang"), page.get("dir")
    if (lang, direction) not in {("ar", "rtl"), ("en", "ltr")}:
        yield f"lang {lang!r} and dir {direction!r}"
    titles = [_words(t) for t in page.xpath("//head/title")]
    if len(titles) != 1 or not titles[0].strip("—| "):
        yield f"titles: {titles}"
    elif re.match(r"[—|]|.*(—|\|) ?$", titles[0]):
        yield f"half a title: {titles[0]!r}"
    first = [_words(h) for h in page.xpath("//h1")]
    if len(first) != 1 or not first[0]:
        yield f"first headings: {first}"
    levels = [int(h.tag[1]) for h in page.iter("h1", "h2", "h3", "h4", "h5", "h6") if not h.xpath("ancestor::header | ancestor::footer")]
    for before, after in pairwise(levels):
        if after > before + 1:
            yield f"a heading of level {after} follows one of level {before}"
    for heading in page.iter("h1", "h2", "h3", "h4", "h5", "h6"):
        if not _words(heading):
            yield f"an empty {heading.tag}"
    if len(page.xpath("//main")) != 1:
        yield f"{len(page.xpath('//main'))} main parts"
    if not page.xpath("//meta[@name='viewport']"):
        yield "no viewport"


def _ids(page: Any) -> Iterator[str]:
    counted = Counter(page.xpath("//@id"))
    for name, times in counted.items():
        if times > 1:
            yield f"id {name!r} stands {times} times"
        if not name or re.search(r"\s", name):
            yield f"id {name!r} is none"
    for attribute in ("aria-describedby", "aria-labelledby", "aria-controls", "for", "form", "list", "aria-errormessage"):
        for element in page.xpath(f"//*[@{attribute}]"):
            for name in element.get(attribute).split():
                if name not in counted:
                    yield f"{attribute} of <{element.tag}> names {name!r}, which is not there"
    for link in page.xpath("//a[starts-with(@href, '#')]"):
        if link.get("href")[1:] not in {*counted, "", "top"}:
            yield f"a link leads to {link.get('href')}, which is not there"


def _fields(page: Any) -> Iterator[str]:
    labels = set(page.xpath("//label/@for"))
    for field in page.iter(*_LABELLED):
        if field.get("type") in ("hidden", "submit", "button", "image", "reset") or "__prefix__" in str(field.get("name")):
            continue
        named = field.get("id") in labels or field.get("aria-label") or field.get("aria-labelledby") or field.xpath("ancestor::label")
        if not named:
            yield f"<{field.tag} name={field.get('name')!r}> has no label"
        if (
            field.get("aria-invalid") == "true"
            and not field.get("aria-describedby")
            and not field.xpath("ancestor::*[self::fieldset or @role='radiogroup'][@aria-describedby]")
        ):
            yield f"<{field.tag} name={field.get('name')!r}> is invalid and says not why"
    for label in page.iter("label"):
        if not _words(label) and not label.get("aria-label") and not any(label.xpath(".//img/@alt")):
            yield f"an empty label for {label.get('for')!r}"
    for element in page.xpath("//a[@href] | //button"):
        said = _words(element) or element.get("aria-label") or element.get("title") or element.xpath(".//img/@alt")
        if not said:
            yield f"<{element.tag} {dict(element.attrib)}> says nothing"
    for image in page.iter("img"):
        if image.get("alt") is None:
            yield f"an image without alt: {image.get('src')}"
    for table in page.iter("table"):
        if not table.xpath(".//th"):
            yield "a table without heading cells"


def _policy(page: Any) -> Iterator[str]:
    for element in page.iter():
        if not isinstance(element.tag, str):
            continue
        for name, value in element.attrib.items():
            if name == "style":
                yield f"<{element.tag}> has a style of its own"
            if name.startswith("on"):
                yield f"<{element.tag}> has the handler {name}"
            if name in ("src", "href", "action", "formaction", "poster", "srcset") and _is_foreign(element, value):
                yield f"<{element.tag} {name}={value}> leads to a foreign host"
        runs = element.tag == "script" and not element.get("src") and element.get("type") != "application/json"
        if element.tag == "style" or runs:
            yield f"an inline <{element.tag}>"


def _is_foreign(element: Any, value: str) -> bool:
    parts = urlsplit(value.strip())
    # Where people are referred to: a link, nothing that a page fetches.
    if element.tag == "a" and value in (settings.PAFN_URL, settings.MOCI_SITE_URL):
        return False
    if parts.scheme in ("tel", "mailto", "geo") or (parts.scheme == "data" and element.tag in ("img", "image")):
        return False
    return bool(parts.netloc) or parts.scheme not in ("", "http", "https")


def foreign_words(text: str, data: Iterable[str] = ()) -> list[str]:
    """Words of the other script in a page, outside marked data and the `data` named, each with the text it stands in."""
    page = parse(text)
    language = str(page.get("lang"))
    found = []
    for place in _texts(page, language):
        for known in data:
            place = place.replace(known, " ")
        if words := _foreign(place, language):
            found.append(f"{' '.join(words)}  in: {' '.join(place.split())[:120]}")
    return list(dict.fromkeys(found))


def foreign_in(text: str, language: str) -> list[str]:
    """Words of the other script in a plain text such as a message."""
    return _foreign(text, language)


def _foreign(text: str, language: str) -> list[str]:
    return SCRIPTS[language].findall(_NEUTRAL.sub(" ", text))


def _is_data(element: Any, language: str) -> bool:
    if element.tag in ("script", "style", "svg", "code", "pre", "bdi", "bdo") or element.get("data-term") is not None:
        return True
    return element.get("lang") not in (None, language) or any(check(element) for check in _DATA_OF_THE_ADMIN)


def _classes(element: Any) -> list[str]:
    return str(element.get("class", "")).split()


# The admin's own templates print rows and their names without a mark: cells, facts and the choices of a filter.
_DATA_OF_THE_ADMIN = (
    lambda e: e.tag in ("td", "th") and any(c.startswith("field-") for c in _classes(e)),
    lambda e: e.tag == "td" and e.getparent().tag == "tr" and "original" in _classes(e),
    lambda e: e.tag == "div" and "readonly" in _classes(e),
    lambda e: e.tag == "a" and e.xpath("boolean(ancestor::*[@id='changelist'] and contains(@class, 'kp-chip'))"),
    lambda e: e.tag == "span" and e.getparent().tag == "nav" and "kp-chips" in _classes(e.getparent()),
    lambda e: e.tag == "option",
)


def _texts(element: Any, language: str) -> Iterator[str]:
    """Every text that a person reads or hears, in the order of the page."""
    if not isinstance(element.tag, str):
        return
    if _is_data(element, language):
        return
    for name in _READ_ALOUD:
        if element.get(name):
            yield element.get(name)
    if element.tag == "input" and element.get("type") in ("submit", "button") and element.get("value"):
        yield element.get("value")
    if element.tag == "meta" and element.get("name") == "description":
        yield element.get("content", "")
    if element.text:
        yield element.text
    for child in element:
        yield from _texts(child, language)
        if child.tail:
            yield child.tail
