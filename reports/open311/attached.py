"""Photos that come with a report."""

from __future__ import annotations

import re
from typing import Any

from django.utils.datastructures import MultiValueDict

from municipality.kernel.errors import Refused
from municipality.ui.texts import Text
from reports.photos import services as photos

# As the systems that send photos name their parts.
_NAMES = re.compile(r"^(media|media\[\]|photo\d{0,2}|file_\d{1,2})$")


def hold(key: str, files: MultiValueDict[str, Any]) -> list[Text]:
    """Keep the photos of a report that is received next. A refused one does not stop the report; returns why it was not kept."""
    refusals: dict[str, Text] = {}
    for name, several in files.lists():
        for file in several if _NAMES.match(name) else []:
            try:
                photos.hold(key, file)
            except Refused as refusal:
                refusals.setdefault(refusal.code, refusal.sentence)
    return list(refusals.values())
