"""Photos that come with a report."""

from __future__ import annotations

import re
from typing import Any

from django.utils.datastructures import MultiValueDict

# As the systems that send photos name their parts.
_NAMES = re.compile(r"^(media|media\[\]|photo\d{0,2}|file_\d{1,2})$")


def of(files: MultiValueDict[str, Any]) -> list[Any]:
    """The files of a request that are photos by their names."""
    return [file for name, several in files.lists() if _NAMES.match(name) for file in several]
