"""Renders templates to tagged PDF/A-3a files (ISO 19005-3, level A).

Pango's objects are not thread safe, so a process renders one document at a time. WeasyPrint is imported inside functions, because its
import fails without Pango and the portal must still run.
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
# A page of these documents is below 30,000 characters; this many would keep a worker busy for minutes.
MAX_CHARACTERS = 400_000
# Steps of ever smaller type, tried in turn where a document must fit on one page; see document.css.
DENSITIES = ("", "doc-compact", "doc-small", "doc-close", "doc-dense", "doc-tiny")


class RendererMissing(OnHold):
    """The Pango library is missing; the message has the command that installs it. A job is put on hold."""

    def __init__(self, why: str = "") -> None:
        super().__init__("renderer", f"documents cannot be rendered without Pango; on Debian and Ubuntu: {PANGO_COMMAND} ({why})")


class RenderingRefused(PermanentFailure):
    """The document is too long, or loads something that is not in `ASSETS`. A job fails permanently."""


@dataclass
class _Shared:
    """What all documents of a process share, parsed once."""

    fonts: Any
    stylesheet: Any
    pictures: dict[Any, Any] = field(default_factory=dict)


_lock = threading.Lock()
_kits: dict[int, _Shared] = {}


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
    density: str = "",
    smallest: str = "",
) -> bytes:
    """Render `template` with `context` as a PDF/A-3a file with /Lang `language` and document title `title`.

    `attachment` is attached with AFRelationship Data; `at` is the time in the metadata (default: now). The template also receives
    `title`, `language`, `created` and `density`; with `single_page` the type is made smaller until everything fits on one page,
    from the step `density` on. Each step is a whole layout. What does not fit at the step `smallest` has several pages in full type;
    without one, every step is tried. Raises RendererMissing without Pango, and RenderingRefused for more than MAX_CHARACTERS, for content
    that does not fit on one page, and for any address that is not in `ASSETS`.
    """
    moment = at or clock.now()
    weasyprint = _weasyprint()
    last = DENSITIES.index(smallest) if smallest else len(DENSITIES) - 1
    steps = [(step, True) for step in DENSITIES[DENSITIES.index(density) if density else 0 : last + 1]] if single_page else []
    if smallest or not single_page:
        steps.append(("", False))
    for step, is_one in steps:
        html = _html(template, {**context, "title": title, "language": language, "created": moment, "density": step}, language)
        with _lock:
            pdf = _write_pdf(weasyprint, html, attachment, attachment_name, moment, single_page=is_one)
        if pdf is not None:
            return pdf
    raise RenderingRefused("the content does not fit on one page")


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


def _kit(weasyprint: Any) -> _Shared:
    # Keyed by process: a fork must not share Pango's objects, nor delete its parent's font folder by dropping them.
    if os.getpid() not in _kits:
        from weasyprint.text.fonts import FontConfiguration

        fonts = FontConfiguration()
        source = asset(STYLESHEET)[0].decode()
        stylesheet = weasyprint.CSS(string=source, url_fetcher=asset_fetcher(), font_config=fonts)
        _kits[os.getpid()] = _Shared(fonts, stylesheet)
    return _kits[os.getpid()]


def _write_pdf(
    weasyprint: Any, html: str, attachment: bytes | None, name: str, at: dt.datetime, *, single_page: bool = False
) -> bytes | None:
    """The file, or None where it should have a `single_page` and has more."""
    from weasyprint.urls import FatalURLFetchingError

    shared = _kit(weasyprint)
    attachments = []
    if attachment is not None:
        stream = BytesIO(attachment)
        moment = at.astimezone(dt.UTC)
        attachments = [
            weasyprint.Attachment(
                file_obj=stream,
                url_fetcher=asset_fetcher(),  # the default one loads the TLS certificates of the machine for each file
                name=name,
                description="Facts of this document for machines",
                created=moment,
                modified=moment,
                relationship="Data",
            )
        ]
    try:
        document = weasyprint.HTML(string=html, url_fetcher=asset_fetcher()).render(
            font_config=shared.fonts, stylesheets=[shared.stylesheet], cache=shared.pictures, pdf_variant="pdf/a-3a"
        )
        if single_page and len(document.pages) > 1:
            return None
        return cast(bytes, document.write_pdf(pdf_variant="pdf/a-3a", attachments=attachments))
    except FatalURLFetchingError as refused:  # a BaseException: it would end the worker
        raise RenderingRefused(str(refused.__cause__)) from refused
    except ForbiddenAddress as refused:
        raise RenderingRefused(str(refused)) from refused
