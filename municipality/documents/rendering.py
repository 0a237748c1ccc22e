"""From a template and facts to a tagged PDF/A-3a file (ISO 19005-3, level A).

Fonts, style sheet and pictures are parsed once a process; Pango objects are not thread safe, so one document is drawn
at a time. WeasyPrint is imported inside functions, because without Pango its import fails and the portal must still run.
"""

from __future__ import annotations

import datetime as dt
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, cast

from django.template.loader import render_to_string
from django.utils import translation

from municipality.documents.assets import ForbiddenAddress, asset, asset_fetcher
from municipality.jobs.errors import OnHold, PermanentFailure
from municipality.kernel import clock

PANGO_COMMAND = "apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
STYLESHEET = "asset:document.css"
# A page of these documents is below 30,000 characters; text beyond this would keep a worker busy for minutes.
MAX_CHARACTERS = 400_000
# Steps of ever smaller type, tried in turn where a document must fit on one page; see document.css.
DENSITIES = ("", "doc-compact", "doc-small", "doc-dense", "doc-tiny")


class RendererMissing(OnHold):
    """The Pango library is not installed; the message names the command that installs it. A job that meets it waits."""

    def __init__(self, why: str = "") -> None:
        super().__init__("renderer", f"documents cannot be drawn without Pango; on Debian and Ubuntu: {PANGO_COMMAND} ({why})")


class RenderingRefused(PermanentFailure):
    """The document must not be drawn: it is too long, or it asks for something outside the table of assets. Its job is dead."""


@dataclass
class _Kit:
    """What all documents of this process share."""

    fonts: Any
    stylesheet: Any
    pictures: dict[Any, Any] = field(default_factory=dict)


_lock = threading.Lock()
_kits: dict[int, _Kit] = {}


def render(
    template: str,
    context: Mapping[str, Any],
    *,
    title: str,
    language: str = "ar",
    attachment: bytes | None = None,
    attachment_name: str = "facts.json",
    at: dt.datetime | None = None,
    single_page: bool = False,
) -> bytes:
    """Draw `template` with `context` as PDF/A-3a bytes with /Lang `language` and document title `title`.

    `attachment` is enclosed with AFRelationship Data (the same facts for machines); `at` is the moment written into the
    metadata (now, if left out). The template also receives `title`, `language`, `created` and `density`; with
    `single_page` the type shrinks step by step until everything stands on one page.
    Raises RendererMissing without Pango and RenderingRefused for text beyond MAX_CHARACTERS, for content that does not
    fit on one page, and for any address outside the table of assets.
    """
    moment = at or clock.now()
    weasyprint = _weasyprint()
    for density in DENSITIES if single_page else DENSITIES[:1]:
        html = _html(template, {**context, "title": title, "language": language, "created": moment, "density": density}, language)
        with _lock:
            pdf = _draw(weasyprint, html, attachment, attachment_name, moment, single_page=single_page)
        if pdf is not None:
            return pdf
    raise RenderingRefused("the content does not fit on one page")


def prepare() -> None:
    """Load fonts and style sheet now, so that the first document of a worker is not slower. Raises RendererMissing."""
    weasyprint = _weasyprint()
    with _lock:
        _kit(weasyprint)


def _html(template: str, context: dict[str, Any], language: str) -> str:
    with translation.override(language):
        html = render_to_string(template, context)
    if len(html) > MAX_CHARACTERS:
        raise RenderingRefused(f"{len(html)} characters are too many for a document")
    return html


def _weasyprint() -> Any:
    try:
        import weasyprint
    except OSError as failure:
        raise RendererMissing(str(failure).splitlines()[0]) from failure
    return weasyprint


def _kit(weasyprint: Any) -> _Kit:
    # Keyed by process: a fork must not share Pango's objects, nor delete its parent's font folder by dropping them.
    if os.getpid() not in _kits:
        from weasyprint.text.fonts import FontConfiguration

        fonts = FontConfiguration()
        source = asset(STYLESHEET)[0].decode()
        stylesheet = weasyprint.CSS(string=source, url_fetcher=asset_fetcher(), font_config=fonts)
        _kits[os.getpid()] = _Kit(fonts, stylesheet)
    return _kits[os.getpid()]


def _draw(weasyprint: Any, html: str, attachment: bytes | None, name: str, at: dt.datetime, *, single_page: bool = False) -> bytes | None:
    """The file, or None where it would have more than its `single_page`: then it is laid out but not written."""
    from weasyprint.urls import FatalURLFetchingError

    kit = _kit(weasyprint)
    enclosed = []
    if attachment is not None:
        stream = BytesIO(attachment)
        moment = at.astimezone(dt.UTC)
        enclosed = [
            weasyprint.Attachment(
                file_obj=stream,
                url_fetcher=asset_fetcher(),  # the library's own would load the machine's TLS certificates for each file
                name=name,
                description="Facts of this document for machines",
                created=moment,
                modified=moment,
                relationship="Data",
            )
        ]
    try:
        document = weasyprint.HTML(string=html, url_fetcher=asset_fetcher()).render(
            font_config=kit.fonts, stylesheets=[kit.stylesheet], cache=kit.pictures, pdf_variant="pdf/a-3a"
        )
        if single_page and len(document.pages) > 1:
            return None
        return cast(bytes, document.write_pdf(pdf_variant="pdf/a-3a", attachments=enclosed))
    except FatalURLFetchingError as refused:  # a BaseException: it would end the worker
        raise RenderingRefused(str(refused.__cause__)) from refused
    except ForbiddenAddress as refused:
        raise RenderingRefused(str(refused)) from refused
