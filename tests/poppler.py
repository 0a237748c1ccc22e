"""Poppler's programs: readers of PDF that share no code with the ones that write it."""

from __future__ import annotations

import re
import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

# Ascent and descent of the documents' sans face; the Naskh face is higher and stands in headings and the trade name only.
SANS_HEIGHT = 1.5
_BIDI = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def run(program: str, *arguments: str, pdf: bytes = b"") -> bytes:
    """Output of a program of poppler-utils or of another validator; the test is skipped where it is not installed."""
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    return subprocess.run([program, *arguments], input=pdf, capture_output=True, check=True, timeout=60).stdout


def text(pdf: bytes, *options: str) -> str:
    """The text layer without the direction marks that pdftotext adds."""
    return _BIDI.sub("", run("pdftotext", *options, "-", "-", pdf=pdf).decode())


def picture(pdf: bytes, resolution: int = 70) -> np.ndarray:
    """The first page as an array of grey values."""
    drawn = run("pdftoppm", "-r", str(resolution), "-f", "1", "-l", "1", "-png", pdf=pdf)
    return np.asarray(Image.open(BytesIO(drawn)).convert("L"), dtype=np.int16)


def differing(one: np.ndarray, other: np.ndarray, threshold: int = 40) -> float:
    """Share of pixels whose grey differs by more than `threshold` of 255; 1 when the sizes differ."""
    return 1.0 if one.shape != other.shape else float(np.mean(np.abs(one - other) > threshold))


def boxes(pdf: bytes) -> list[tuple[str, float, float, float, float]]:
    """Every word with its rectangle in points."""
    html = run("pdftotext", "-bbox", "-", "-", pdf=pdf).decode()
    found = re.findall(r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">(.*?)</word>', html)
    return [(word, float(x1), float(y1), float(x2), float(y2)) for x1, y1, x2, y2, word in found]


def sizes(pdf: bytes) -> list[tuple[str, float]]:
    """Every word with its size of type in points: a word's rectangle is as high as its font, here 1.5 times the size."""
    return [(word, (bottom - top) / SANS_HEIGHT) for word, _, top, _, bottom in boxes(pdf)]


def written(pdf: bytes, folder: Path) -> str:
    """A path that holds the file, for programs that do not read standard input."""
    path = folder / "document.pdf"
    path.write_bytes(pdf)
    return str(path)
