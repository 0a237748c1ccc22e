"""Hostile values, addresses, queries, methods and headers from a fixed seed."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

from tools.attack.wire import FORM, Ask, form, multipart

SEED = 20261127
# As they stand in an address: already encoded, or raw where a broken client would send them so.
IN_PATH = (
    "%00", "a%00b", "%ED%A0%80", "%C0%AE%C0%AE", "%FF%FE", "%F5%80%80%80", "..", "%2e%2e", "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%5c..%5cx",
    "%252e%252e", "%2F", "%0d%0aSet-Cookie:%20a=b", "%D9%A1%D9%A2%D9%A3", "-1", "0", "2147483648", "9223372036854775808", "9" * 400,
    "1e9", "0x10",
    "NaN", "1_000", "%EF%BC%91", "%C2%B2", "'%20OR%201=1%20--", "1;DROP%20TABLE%20shops_shop", "%27%29%29%3Bselect%20pg_sleep(9)--",
    "%3Cscript%3Ealert(1)%3C/script%3E", "%7B%7B7*7%7D%7D", "%7B%25%20debug%20%25%7D", "$%7Bjndi:ldap://x%7D", "%E2%80%AE%E2%81%A6",
    "%EF%BB%BF",
    "a" * 2500, "ا" * 1200, "%D8%A7" * 500, "00000000-0000-4000-8000-000000000000", "00000000000000000000000000", "0" * 20, "None", "null",
    "undefined", "true",
    "%25", "%zz", "%", "%u0041", "_1", "1_2F", "__class__", "a:b:c", "bill:x", "x@y", "*", "~", ";a=b", "%F0%9F%92%A3",
    "%CC%81" * 60, "+", "%20",
    "%5B%5D", "%7F", "%C2%85", "%01", "_00", "_5F", "_FF",
)  # fmt: skip
# As characters: of forms and query strings.
VALUES = (
    "\x00", "a\x00b", "\ud800", "x\udfffy", "\ufffe\uffff", "\u202e\u2066x", "\ufeff", "\u0301" * 200, "٤٢", "²", "-1", "0", "9" * 400,
    "1e999", "NaN",
    "Infinity", "-0", "0x7fffffff", "2147483648", "9223372036854775808", "99999999999999999999", "1_000", "1,5", "' OR 1=1 --", "%' --",
    "\\", "\\'; --",
    "$(id)", "|id", "{{7*7}}", "{% debug %}", "${7*7}", "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "//evil.example.test", "https://evil.example.test/", "/\\evil.example.test", "\r\nSet-Cookie: a=b", "../../etc/passwd",
    "file:///etc/passwd",
    "=1+1", "@SUM(1)", "a" * 100_000, "ا" * 30_000, " " * 5000, "\n" * 3000, "0001-01-01", "9999-12-31", "2026-02-30", "2026-13-01",
    "0000-00-00",
    "24:61", "-999999999-01-01", "10000-01-01", "[]", "{}", '{"a":', "null", "true", "bill:x", "bill:", "shop:" + "A" * 26, ":::",
    "91,181", "29.3,48",
    "💣" * 500, "\x01\x1b[31m", "%00", "%", "+965 5000 0000", "a@b", "a@" + "b" * 300 + ".example.test", "\u2028", "١٢/١٣/٢٠٢٦",
)  # fmt: skip
SHORT = tuple(value for value in VALUES if len(value) < 1000)
# Parameters that pages read from the query; those of the crawled pages' own links and forms are added to them.
PARAMETERS = (
    "q", "governorate", "area", "activity", "licence", "open", "near", "after", "before", "since", "format", "_language", "page",
    "item", "shop", "number",
    "next", "code", "kind", "reference", "state", "status", "subject", "token", "organisation", "for", "error", "iss", "digest", "e",
    "o", "p", "all", "_popup",
    "_to_field", "_changelist_filters", "app_label", "model_name", "field_name", "term", "id", "pk__exact", "branch__id__exact", "day",
    "days", "month",
    "from", "to", "unit", "step", "skill", "person", "what", "channel", "kept", "trackid", "paymentid", "result", "tranid", "trandata",
    "ErrorText",
)  # fmt: skip
WRONG_BASE64 = b'--x\r\nContent-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64\r\n\r\n!\r\n--x--'
METHODS = ("HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "CONNECT", "get", "FOO")
LOOPBACK = "127.{}.{}.{}"


def source(number: int) -> str:
    """One of many addresses of the loopback net, so that the limits per address, which are not attacked here, let the run through."""
    return LOOPBACK.format(1 + number // 62_500 % 250, 1 + number // 250 % 250, 1 + number % 250)


def mutated(route: str, filled: str, chance: random.Random, count: int) -> Iterator[tuple[str, str]]:
    """Addresses of a route with one parameter replaced, NUL first, and what replaced it. `filled` is an address that the route takes."""
    values = ["a%00b", *chance.sample(IN_PATH, min(count - 1, len(IN_PATH)))]
    places = [match.span() for match in re.finditer(r"<[^>]+>", route)]
    if not places:
        for value in values:
            yield f"/{route}{value}", value
        return
    parts = re.split(r"<[^>]+>", route)
    given = re.fullmatch("/" + "([^/]+)".join(re.escape(part) for part in parts), filled)
    for number, value in enumerate(values):
        own = list(given.groups()) if given else ["1"] * len(places)
        own[number % len(own)] = value
        yield "/" + "".join(part + (own[n] if n < len(own) else "") for n, part in enumerate(parts)), value


def queries(path: str, names: Sequence[str], chance: random.Random, count: int) -> Iterator[tuple[str, str]]:
    """Addresses with hostile query strings: one value, the same name often, as a list, without a name, thousands of names;
    first of all one value in every name.
    """
    for value in ("a%00b", "%ED%A0%80", "-1", "%D9%A1"):
        yield f"{path}{'&' if '?' in path else '?'}{'&'.join(f'{name}={value}' for name in dict.fromkeys(names))}"[:3900], f"all={value}"
    for number in range(count):
        name, value = chance.choice(names), chance.choice(SHORT)
        told = quote(value.encode("utf8", "surrogatepass"))
        if number % 9 == 5:
            query = "&".join(f"{name}={told}" for _ in range(30))
        elif number % 9 == 6:
            query = f"{name}[]={told}&{name}[0][a]={told}&{name}%00={told}"
        elif number % 9 == 7:
            query = "&".join(
                f"{one}={quote(chance.choice(SHORT).encode('utf8', 'surrogatepass'))[:200]}"
                for one in chance.sample(list(names), min(8, len(names)))
            )
        elif number % 90 == 8:
            query = "&".join(f"a{n}=" for n in range(1200))
        else:
            query = f"{name}={told[:3000]}"
        yield f"{path}{'&' if '?' in path else '?'}{query[:3500]}", f"{name}={value[:30]!r}"


def of_methods(path: str, who: str) -> Iterator[Ask]:
    """Methods, content types and bodies that no form sends."""
    kind = "methods"
    for method in METHODS:
        yield Ask(kind, method, path, who)
    bodies: tuple[tuple[str, bytes | None, dict[str, str]], ...] = (
        ("json", b'{"a": [' * 400, {"Content-Type": "application/json"}),
        ("xml", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', {"Content-Type": "text/xml"}),
        ("no type", b"a=b", {"Content-Type": ""}),
        ("odd type", b"a=b", {"Content-Type": "application/x-www-form-urlencoded; charset=utf-7"}),
        ("unknown charset", b"a=b", {"Content-Type": f"{FORM}; charset=no-such-charset"}),
        ("utf-16", "a=ب".encode("utf-16"), {"Content-Type": f"{FORM}; charset=utf-16"}),
        ("multipart without boundary", b"--x\r\n", {"Content-Type": "multipart/form-data"}),
        ("multipart cut", b"--x\r\nContent-Disposition: form-data; name=a", {"Content-Type": "multipart/form-data; boundary=x"}),
        ("multipart of wrong base64", WRONG_BASE64, {"Content-Type": "multipart/form-data; boundary=x"}),
        ("boundary beyond ascii", b"--\xff\r\n", {"Content-Type": "multipart/form-data; boundary=\u00ff\u00fe"}),
        ("long boundary", b"", {"Content-Type": "multipart/form-data; boundary=" + "b" * 3000}),
        ("nul in form", b"a=%00&%00=b&csrfmiddlewaretoken=%00", {"Content-Type": FORM}),
        ("two thousand fields", "&".join(f"f{n}=1" for n in range(2000)).encode(), {"Content-Type": FORM}),
        ("negative length", b"", {"Content-Length": "-1"}),
        ("length of letters", b"", {"Content-Length": "abc"}),
        ("empty", b"", {}),
    )  # fmt: skip
    for note, body, headers in bodies:
        yield Ask(kind, "POST", path, who, body, headers, note=note)


HEADERS: tuple[dict[str, str], ...] = (
    {"Host": "evil.example.test"}, {"Host": ""}, {"Host": "portal.example.test:99999"},
    {"Host": "portal.example.test@evil.example.test"}, {"Host": "[::1"},
    {"Host": "a" * 3000}, {"X-Forwarded-Host": "evil.example.test"}, {"X-Forwarded-For": "1.2.3.4, 5.6.7.8"},
    {"X-Forwarded-For": "not an address"},
    {"X-Forwarded-For": "::1%eth0"}, {"X-Forwarded-For": ", ,"}, {"X-Forwarded-For": "9" * 2000}, {"X-Forwarded-Proto": "http"},
    {"Forwarded": "for=x;host=y"},
    {"Accept-Language": "ar;q=NaN"}, {"Accept-Language": "xx-" * 900}, {"Accept-Language": "*;q=9" * 300},
    {"Accept-Language": "\u00ff\u00fe"}, {"Accept": "application/xml;q=zz"},
    {"Accept": "*/" * 800}, {"Cookie": "\u00ff=\u00fe; ==; ;;;"}, {"Cookie": "sessionid=" + "A" * 4000},
    {"Cookie": "__Host-session=%00; __Host-csrf=%00"},
    {"Cookie": "__Host-session=" + "é" * 30}, {"Cookie": "django_language=../../x"}, {"Cookie": "messages=" + "x" * 900},
    {"Cookie": "a=b; " * 500},
    {"Range": "bytes=0-0"}, {"Range": "bytes=-1"}, {"Range": "bytes=9999999999999999999999-"}, {"Range": "bytes=5-1"},
    {"Range": "bytes=" + "0-1," * 900}, {"Range": "x=1-2"},
    {"If-None-Match": '"' + "x" * 2000}, {"If-None-Match": "*"}, {"If-Modified-Since": "Sun, 99 Zzz 9999 99:99:99 GMT"},
    {"If-Modified-Since": "\u00ff"},
    {"If-Unmodified-Since": "0"}, {"Accept-Encoding": "gzip;q=NaN, br;q=x, identity;q=0"}, {"Origin": "null"},
    {"Origin": "https://evil.example.test"},
    {"Referer": "https://[bad"}, {"Referer": "\u00ff"}, {"User-Agent": ""}, {"User-Agent": "\u00ff" * 3000},
    {"X-Requested-With": "XMLHttpRequest"},
    {"X-HTTP-Method-Override": "DELETE"}, {"Authorization": "Basic \u00ff"}, {"Authorization": "Bearer " + "x" * 3000},

    {"Content-Type": "\u00ff"}, {"Content-Encoding": "gzip"}, {"Expect": "200-ok"}, {"X-CSRFToken": "\u00ff" * 40},
    {"Sec-Fetch-Site": "cross-site"},
    {"SCRIPT_NAME": "/x"}, {"Upgrade": "h2c"}, {"TE": "trailers, deflate"}, {"Max-Forwards": "-1"},
)  # fmt: skip


def of_headers(path: str, who: str) -> Iterator[Ask]:
    """The same page with one odd header each time."""
    for headers in HEADERS:
        name, value = next(iter(headers.items()))
        yield Ask("headers", "GET", path, who, headers=headers, note=f"{name}: {value[:40]!r}")


def hostile_bodies(
    fields: Sequence[tuple[str, str]], own: str, chance: random.Random, count: int
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """What a form is filled with, and what was done to it. `own` is the mark of whoever sends it, planted in free texts."""
    names = sorted({name for name, _ in fields})
    yield "as it is", list(fields)
    yield "empty", []
    if fields:
        yield "all with NUL", [(name, f"{value or 'a'}\x00") for name, value in fields]
        yield "all lone surrogates", [(name, "\ud800") for name, _ in fields]
    for number in range(count):
        pairs = list(fields)
        if not names:
            return
        name = names[number % len(names)]
        way = number % 8
        if way == 0:
            yield f"without {name}", [pair for pair in pairs if pair[0] != name]
        elif way == 1:
            value = chance.choice(VALUES)
            yield f"{name} thirty times", [*pairs, *((name, value[:500]) for _ in range(30))]
        elif way == 2:
            kept = number % 16 == 2
            yield "all marked", [(one, old if old and kept else f"{own} <b>{chance.choice(SHORT)}") for one, old in pairs]
        elif way == 3:
            yield "all hostile", [(one, chance.choice(SHORT)) for one, _ in pairs]
        else:
            value = chance.choice(VALUES)
            yield f"{name}={value[:30]!r}", [(one, value if one == name else old) for one, old in pairs]


def encoded(pairs: Iterable[tuple[str, str]], enctype: str) -> tuple[dict[str, str], bytes]:
    """Headers and body of a filled form."""
    if "multipart" in enctype:
        content_type, body = multipart(pairs, [])
        return {"Content-Type": content_type}, body
    return {"Content-Type": FORM}, form(pairs)
