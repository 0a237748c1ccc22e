"""Strange input for the pages of reports: pictures by their structure, texts, and forms (goal U10)."""

from __future__ import annotations

import struct
import zlib
from typing import Any

from hypothesis import strategies as st

from tests.factories import report_photos

TEXTS = (
    *("", " ", "\0", "a\0b", "\ud7ff", "\u202egpj.exe", "\ufeff", "﷽" * 300, "x" * 5000, "'\"<svg onload=alert(1)>", "%00%ff", "../../etc"),
    *("nan", "inf", "-0", "1e400", "9" * 400, "٢٩٫٣٣", "²", "0x10", "1_000", "29.3328,48.0283", "48.0283, 29.3328", "29.3,48.0,1", "[]"),
    *("2026-13-45T99:99:99", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-11-24T11:30:00.999999999Z", "2026-W48-2"),
    *("{12345678-1234-5678-1234-567812345678}", "urn:uuid:12345678123456781234567812345678", "12345678123456781234567812345678"),
    *("EYE-0000-0000-0", "eye7k3m9q2x5", "01" * 13, "waste", "hazard", "yes", "true", "-1", "0", "2147483648", "9223372036854775808"),
)
texts = st.one_of(st.sampled_from(TEXTS), st.text(max_size=60), st.text("0123456789.,:-+ ٠١٢٣٤٥٦٧٨٩", max_size=24))
# What can stand in an address: also bytes that are no text.
queries = st.one_of(texts.map(lambda text: text.encode("utf8", "surrogatepass")), st.binary(max_size=40))
_u32 = st.integers(0, 0xFFFFFFFF)
_short = st.binary(max_size=60)
_lengths = st.one_of(st.sampled_from([0, 1, 2, 7, 8, 0xFFFF]), st.integers(0, 0xFFFF))
_sides = st.sampled_from([0, 1, 4, 16, 13_000, 65_535, 0x7FFFFFFF, 0xFFFFFFFF])


def _parts(names: list[Any], most: int) -> Any:
    """Names of segments, chunks or boxes with what stands in them."""
    return st.lists(st.tuples(st.sampled_from(names), _short), max_size=most)


# Exif: entries that lie about kind, count and where their value is.
_tags = st.sampled_from([0x010F, 0x0112, 0x8769, 0x8825, 0x9003, 0x9011, 0xA005, 1, 2, 3, 4, 0x927C, 0x014A])
_counts = st.one_of(st.integers(0, 4), _u32)
_entries = st.builds(lambda *facts: struct.pack(">HHII", *facts), _tags, st.integers(0, 15), _counts, st.one_of(st.integers(0, 200), _u32))
_directories = st.lists(_entries, max_size=8).map(lambda found: struct.pack(">H", len(found)) + b"".join(found) + bytes(4))
_exif = st.builds(lambda found, tail: b"Exif\0\0MM\0*\0\0\0\x08" + b"".join(found) + tail, st.lists(_directories, max_size=3), _short)
_segments = st.one_of(_exif, _short, st.just(b"http://ns.adobe.com/xap/1.0/\0<x" + b"&a;" * 20), st.just(b"ICC_PROFILE\0\1\xff"))
_markers = st.sampled_from([0xE0, 0xE1, 0xE2, 0xED, 0xFE, 0xC0, 0xC2, 0xDB, 0xDA, 0xFF])


@st.composite
def jpegs(draw: Any) -> bytes:
    """A beginning, segments whose lengths may lie, and perhaps the rest of a good picture."""
    found = b"\xff\xd8"
    for marker, body in draw(st.lists(st.tuples(_markers, _segments), max_size=5)):
        length = draw(st.one_of(st.just(len(body) + 2), _lengths))
        found += bytes([0xFF, marker]) + struct.pack(">H", length) + body
    return bytes(found + draw(st.sampled_from([b"", report_photos.camera()[2:], b"\xff\xd9"])))


@st.composite
def pngs(draw: Any) -> bytes:
    """Chunks, the first with any sides; sums may be wrong, and what is packed may unpack to much."""
    depth, colour = draw(st.sampled_from([1, 8, 16, 3])), draw(st.sampled_from([0, 2, 3, 6, 9]))
    packed = zlib.compress(bytes(draw(st.sampled_from([0, 10, 1_000_000]))))
    known = [(b"iTXt", b"a\0\1\0\0\0" + packed), (b"iCCP", b"a\0\0" + packed), (b"eXIf", b"MM\0*\0\0\0\x08\xff\xff")]
    known += [(b"acTL", struct.pack(">II", 10_000, 0)), (b"PLTE", b"abc"), (b"IDAT", packed)]
    header = struct.pack(">IIBBBBB", draw(_sides), draw(_sides), depth, colour, 0, 0, draw(st.integers(0, 2)))
    chunks = [(b"IHDR", header), *draw(st.lists(st.sampled_from(known), max_size=4)), (b"IEND", b"")]
    wrong = draw(st.booleans())
    made = (struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body) ^ wrong) for name, body in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(made)


@st.composite
def webps(draw: Any) -> bytes:
    """RIFF with frames and profiles, whose lengths may lie."""
    parts = draw(_parts([b"VP8X", b"VP8 ", b"VP8L", b"ANIM", b"ANMF", b"EXIF", b"ICCP"], 5))
    lengths = [draw(st.one_of(st.just(len(content)), _u32)) for _name, content in parts]
    body = b"WEBP" + b"".join(name + struct.pack("<I", one) + content for (name, content), one in zip(parts, lengths, strict=True))
    return b"RIFF" + struct.pack("<I", draw(st.one_of(st.just(len(body)), _u32))) + body


@st.composite
def heics(draw: Any) -> bytes:
    """Boxes of ISO/IEC 14496-12, as a phone keeps its photos."""
    found = struct.pack(">I", 24) + b"ftypheic\0\0\0\0mif1heic"
    for name, body in draw(_parts([b"ftyp", b"meta", b"iloc", b"iinf", b"mdat", b"ispe"], 5)):
        found += struct.pack(">I", draw(st.one_of(st.just(len(body) + 8), _u32))) + name + body
    return found


_good = st.builds(report_photos.camera, st.integers(0, 5))
_cut = st.builds(lambda body, share: body[: int(len(body) * share)], _good, st.floats(0, 1))
_others = st.sampled_from([b"", b"%PDF-1.7", b"GIF89a", b"<svg/>", b"PK\3\4"])
pictures = st.one_of(jpegs(), pngs(), webps(), heics(), _good, _cut, st.binary(max_size=200), _others)


def changed(good: dict[str, str]) -> Any:
    """A form that is right but for some of its fields, which are strange, missing or given twice."""
    wrong = st.dictionaries(st.sampled_from(sorted(good)), st.one_of(st.none(), st.lists(texts, min_size=1, max_size=2)), max_size=3)
    return wrong.map(lambda found: {name: value for name, value in {**good, **found}.items() if value is not None})
