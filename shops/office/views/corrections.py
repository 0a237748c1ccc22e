"""Exports of the register and small corrections: previewed, then applied."""

from __future__ import annotations

from typing import Any

from django.core import signing
from django.http import HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from municipality.accounts.proof import reauthentication_required, steps
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.cases.models import Case
from municipality.documents.models import StoredFile
from municipality.kernel.errors import Refused
from municipality.places.models import Area, Governorate
from municipality.rulebook.models import Activity
from municipality.ui.admin_base import require_role
from municipality.uploads.multipart import takes_file_of
from shops.imports.columns import COLUMNS, KEY, MAX_BYTES
from shops.imports.problems import NotReadable
from shops.models import Shop
from shops.office import resources
from shops.office.services import corrections as services
from shops.office.views.base import READERS, page

SALT = "shops.corrections"
ASKED_FOR = ("shops.correction", "shops.claim")  # services by which people ask for a correction or for a shop
MAX_SHOWN = 200  # changes displayed
HOUR = 3600
FILTERS = {"governorate": "area__governorate", "area": "area", "activity": "activity"}
# Column of Shop → column of a sheet.
SHEET_COLUMNS = {"activity_id": "activity", "area_id": "area", "branch_id": "governorate"}


@takes_file_of(MAX_BYTES)
@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required(when=steps("correct"))
def corrections(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The form of exports, and a correction in two steps: preview, then apply."""
    require_role(request, *READERS)
    error, preview, done = "", None, None
    if request.method == "POST":
        step = request.POST.get("step", "")
        try:
            if step == "export":
                return _export(request)
            if step == "preview":
                preview = services.preview(content=_uploaded(request), by=request.user)
            elif step == "correct":
                file, as_seen = _previewed(request)
                done = services.correct(file=file, as_seen=as_seen, by=request.user)
            else:
                raise Refused("unknown_step", _("The page was sent incomplete. Reload it and try again."))
        except NotReadable as unreadable:
            error = unreadable.sentence
        except Refused as refusal:
            error = str(refusal.sentence)
    name = "name_ar" if get_language() == "ar" else "name_en"
    lists = [
        ("governorate", _("Governorate"), Governorate.objects.order_by("code").values_list("pk", name)),
        ("area", _("Area"), Area.objects.order_by(name).values_list("pk", name)),
        ("activity", _("Activity"), Activity.objects.order_by(name).values_list("pk", name)),
    ]
    may_correct = preview is not None and bool(preview.changes) and not preview.errors
    return page(
        request,
        "admin/shops/corrections.html",
        _("Corrections and exports"),
        error,
        lists=lists,
        found=preview,
        changes=[] if preview is None else [(line, shop, _change_rows(effect)) for line, shop, effect in preview.changes[:MAX_SHOWN]],
        wrong=[] if preview is None else [(line, _column(column), sentence) for line, column, sentence in preview.errors[:MAX_SHOWN]],
        token=signing.dumps([preview.file.pk, preview.digest], salt=SALT) if may_correct and preview else "",
        done=done,
        asked_for=Case.objects.filter(service__in=ASKED_FOR, is_open=True).count(),
        columns=[_column(name) for name in COLUMNS if name in resources.WRITABLE or name in ("activity", "area", "governorate")],
        key=_column(KEY),
    )


def _uploaded(request: AuthenticatedHttpRequest) -> bytes:
    file = request.FILES.get("file")
    if file is None:
        raise NotReadable("no_file")
    return file.read(MAX_BYTES + 1)


def _previewed(request: AuthenticatedHttpRequest) -> tuple[StoredFile, str]:
    """The file of a preview of the last hour, and the digest of its changes. Raises Refused."""
    try:
        key, digest = signing.loads(request.POST.get("token", ""), salt=SALT, max_age=HOUR)
        return StoredFile.objects.get(pk=key), digest
    except (signing.BadSignature, StoredFile.DoesNotExist):
        raise Refused("unknown_step", _("The page was sent incomplete. Reload it and try again.")) from None


def _export(request: AuthenticatedHttpRequest) -> HttpResponse:
    shops, filters = Shop.objects.filter(merged_into__isnull=True), {}
    for name, lookup in FILTERS.items():
        value = request.POST.get(name, "")[:20]
        if value and not (name == "area" and not (value.isascii() and value.isdigit())):
            shops, filters[name] = shops.filter(**{lookup: value}), value
    form = request.POST.get("form", "")
    content = services.export(shops=shops, form=form, filters=filters, by=request.user)
    response = HttpResponse(content, content_type=services.MEDIA[form])
    response["Content-Disposition"] = f'attachment; filename="shops.{form}"'
    return response


def _column(code: str) -> str:
    """What a file may have at the head of a column: its name in Arabic, or in English its code, as it is exported."""
    if code not in COLUMNS:
        return "—"
    return COLUMNS[code][0] if get_language() == "ar" else code


def _change_rows(effect: dict[str, list[Any]]) -> list[tuple[str, str, str]]:
    """Column, before and after of a change, with the names of areas and activities."""
    rows = []
    for name, pair in effect.items():
        if name == "branch_id":
            continue
        before, after = (_named(name, value) for value in pair)
        rows.append((_column(SHEET_COLUMNS.get(name, name)), before, after))
    return rows


def _named(name: str, value: Any) -> str:
    if name == "area_id":
        return str(Area.objects.get(pk=value))
    if name == "activity_id":
        return str(Activity.objects.get(pk=value))
    return "—" if value in (None, "") else str(value)
