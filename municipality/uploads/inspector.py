"""The program of the child process: render one uploaded file anew.

`inspection` runs it by its path; the portal never imports it, since a file may be made to attack the decoder. It sets its resource
limits before it reads anything, has no secrets, and writes only into its working directory. Standard input is the file, argument 1 the
limits as JSON; standard output is one line of JSON, either `{"media_type", "pages", "width", "height"}`, with the files `file` and
`preview.jpg`, or `{"refused": code}`.

Pictures are decoded, rotated and encoded again without metadata. Pages of a PDF (ISO 32000) are rendered to pictures, which make a new
PDF without scripts, forms, links and attachments.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from typing import Any

PREVIEW = (320, 320)
POINTS = 72  # of an inch
# Byte sequences that a browser, an archive program or a PDF reader would interpret.
FOREIGN = (b"<script", b"<svg", b"<html", b"<?php", b"%pdf-", b"pk\x03\x04")  # in lower case


class InspectionRefused(Exception):
    """The file is refused; `args[0]` is a code of `refusals.SENTENCES`."""


def limit_self(limits: dict[str, Any]) -> None:
    """Set the limits of memory (bytes), processor time (seconds), files and processes."""
    import resource

    bounds = {
        "RLIMIT_AS": limits["memory"],
        "RLIMIT_DATA": limits["memory"],
        "RLIMIT_CPU": limits["seconds"],
        "RLIMIT_FSIZE": limits["output"],
        "RLIMIT_NOFILE": 64,
        "RLIMIT_NPROC": 0,
        "RLIMIT_CORE": 0,
    }
    for name, bound in bounds.items():
        kind = getattr(resource, name, None)
        if kind is not None:
            with contextlib.suppress(ValueError, OSError):  # a system that knows the name but not the limit
                resource.setrlimit(kind, (bound, bound))


def inspect(source: Any, kind: str, limits: dict[str, Any]) -> dict[str, Any]:
    """Render the file to `file` and its first page to `preview.jpg`. Raises Refused."""
    try:
        return picture(source, kind, limits) if kind in ("JPEG", "PNG", "WEBP") else paper(source, limits)
    except (InspectionRefused, ImportError):
        raise
    except MemoryError:
        raise InspectionRefused("heavy") from None
    except Exception as error:
        raise InspectionRefused("broken") from error


# Pictures.


def picture(source: Any, kind: str, limits: dict[str, Any]) -> dict[str, Any]:
    import warnings

    from PIL import Image, ImageOps

    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = limits["pixels"]
    try:
        image: Any = Image.open(source, formats=[kind])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise InspectionRefused("pixels") from None
    if limits["pixels"] and image.width * image.height > limits["pixels"]:
        raise InspectionRefused("pixels")
    # The JPEG of a phone may have a second picture for depth; other formats with several frames are animations.
    if kind != "JPEG" and getattr(image, "n_frames", 1) > 1:
        raise InspectionRefused("frames")
    if sum(len(value) for value in image.info.values() if isinstance(value, (bytes, str))) > limits["metadata"]:
        raise InspectionRefused("metadata")
    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    is_clear = kind != "JPEG" and (image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info)
    keeps_edges = kind == "PNG"
    if image.mode.startswith("I"):  # sixteen bits of grey
        image = image.convert("I").point(lambda level: level / 256).convert("L")
    image = image.convert("RGBA" if is_clear else "L" if image.mode in ("1", "L") else "RGB")
    image.info.clear()
    write("file", encoded(image, "PNG" if keeps_edges or is_clear else "JPEG"))
    preview(image)
    return {"media_type": sniff("file"), "pages": 1, "width": image.width, "height": image.height}


def encoded(image: Any, kind: str) -> bytes:
    """The picture as JPEG or PNG without metadata and without the byte sequences of FOREIGN. Raises Refused."""
    if kind == "PNG":
        stream = io.BytesIO()
        image.save(stream, "PNG")
        if is_plain(content := stream.getvalue()):
            return content
    opaque = on_white(image)
    for quality in (88, 87, 85, 82):
        stream = io.BytesIO()
        opaque.save(stream, "JPEG", quality=quality)
        if is_plain(content := stream.getvalue()):
            return content
    raise InspectionRefused("metadata")


def is_plain(content: bytes) -> bool:
    lowered = content.lower()
    return not any(mark in lowered for mark in FOREIGN)


def on_white(image: Any) -> Any:
    from PIL import Image

    if image.mode != "RGBA":
        return image
    flat = Image.new("RGB", image.size, "white")
    flat.paste(image, mask=image.getchannel("A"))
    return flat


def preview(image: Any) -> None:
    """Write the preview of the first page."""
    small = image.resize(fitted(image.size), resample=2, reducing_gap=2.0)  # bilinear
    write("preview.jpg", encoded(on_white(small), "JPEG"))


def fitted(size: tuple[int, int]) -> tuple[int, int]:
    scale = min(1.0, PREVIEW[0] / size[0], PREVIEW[1] / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


# Papers.


def paper(source: Any, limits: dict[str, Any]) -> dict[str, Any]:
    import pikepdf
    import pypdfium2 as pdfium

    content = source.read()
    if content.count(b" obj") > limits["objects"] or declared_objects(content) > limits["objects"]:
        raise InspectionRefused("heavy")
    try:
        document = pdfium.PdfDocument(content)
    except pdfium.PdfiumError as error:
        raise InspectionRefused("encrypted" if getattr(error, "err_code", None) == 4 else "broken") from None  # FPDF_ERR_PASSWORD
    if document.get_formtype() in (2, 3):  # XFA: its content is a program
        raise InspectionRefused("form")
    document.init_forms()  # so that the values of a form are rendered; there is no script engine
    count = len(document)
    if count == 0:
        raise InspectionRefused("broken")
    if count > limits["pages"]:
        raise InspectionRefused("pages")
    first = (0, 0)
    with pikepdf.new() as clean:
        for number in range(count):
            image, points = render_page(document, number, limits)
            first = first if number else image.size
            if not number:
                preview(image)
            add_page(clean, encoded(image, "JPEG"), image.size, points)
            image.close()
        clean.save("file", deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    document.close()
    return {"media_type": "application/pdf", "pages": count, "width": first[0], "height": first[1]}


def declared_objects(content: bytes) -> int:
    """The highest number of objects that a trailer or cross-reference stream declares."""
    import re

    return max((int(found) for found in re.findall(rb"/(?:Size|N)\s{0,4}(\d{1,12})\b", content)), default=0)


def render_page(document: Any, number: int, limits: dict[str, Any]) -> tuple[Any, tuple[float, float]]:
    """One page as a picture, at the resolution of the limits or less for a large page, and its size in points."""
    page = document[number]
    width, height = page.get_size()
    if not (1 <= width <= 20_000 and 1 <= height <= 20_000):
        raise InspectionRefused("broken")
    scale = min(limits["resolution"] / POINTS, limits["side"] / max(width, height))
    image = page.render(scale=scale, draw_annots=True, may_draw_forms=True).to_pil()
    page.close()
    return image.convert("RGB"), (width, height)


def add_page(clean: Any, jpeg: bytes, size: tuple[int, int], points: tuple[float, float]) -> None:
    import pikepdf

    picture_stream = pikepdf.Stream(clean, jpeg)
    for key, value in {
        "/Type": pikepdf.Name.XObject,
        "/Subtype": pikepdf.Name.Image,
        "/Width": size[0],
        "/Height": size[1],
        "/ColorSpace": pikepdf.Name.DeviceRGB,
        "/BitsPerComponent": 8,
        "/Filter": pikepdf.Name.DCTDecode,
    }.items():
        picture_stream[key] = value
    page = clean.add_blank_page(page_size=points)
    page.obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(P=picture_stream))
    page.obj.Contents = pikepdf.Stream(clean, f"q {points[0]:.3f} 0 0 {points[1]:.3f} 0 0 cm /P Do Q".encode())


# Files.


def write(name: str, content: bytes) -> None:
    with open(name, "xb") as target:
        target.write(content)


def sniff(name: str) -> str:
    with open(name, "rb") as made:
        return "image/png" if made.read(4) == b"\x89PNG" else "image/jpeg"


def main() -> int:
    arguments = json.loads(sys.argv[1])
    if arguments["limited"]:
        limit_self(arguments)
    try:
        answer = inspect(sys.stdin.buffer, arguments["kind"], arguments)
    except InspectionRefused as refusal:
        answer = {"refused": str(refusal)}
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()
    os._exit(0)  # skip the destructors of libraries


if __name__ == "__main__":
    main()
