"""The static files as tests measure them."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
STATIC = ROOT / "static"
PHYSICAL = re.compile(
    r"(?<![\w-])(margin|padding|border|inset|scroll-margin|scroll-padding)-(left|right|top|bottom)\b"
    r"|(?<![\w-])(left|right|top|bottom|width|height|(min|max)-(width|height))\s*:(?!\s*[\d.]+rem\)\s*\{)"
    r"|text-align:\s*(left|right)|float:\s*(left|right)"
)


def zipped(*paths: Path) -> int:
    return sum(len(gzip.compress(path.read_bytes())) for path in paths)


def physical(text: str) -> list[str]:
    return [match[0] for match in PHYSICAL.finditer(re.sub(r"@media \([^)]*\)|/\*.*?\*/", "", text, flags=re.DOTALL))]
