"""The register in the menu, on the first page and in the search of staff."""

from __future__ import annotations

from collections.abc import Collection

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.audit.registry import SUBJECTS
from municipality.imports import services as imports
from municipality.kernel import request_cache
from municipality.ui import staff_menu
from municipality.ui.admin_base import in_group
from municipality.ui.staff_home import ROWS, HomePart, Next, Row, Work
from municipality.ui.staff_menu import StaffEntry
from municipality.ui.staff_search import FINDERS
from municipality.ui.subject_names import NAMES
from municipality.ui.templatetags.portal import bilingual, ref, term
from municipality.ui.texts import Text
from shops.models import Shop, ShopMerge
from shops.models.office import OPEN
from shops.office.views.base import READERS
from shops.register.roles import KEEPER


def _files(request: HttpRequest) -> int:
    return request_cache.get_or_set("waiting_sheets", lambda: imports.waiting("register").count())


def _merges(request: HttpRequest) -> int:
    return request_cache.get_or_set("waiting_merges", lambda: ShopMerge.objects.filter(OPEN).count())


def home(request: AuthenticatedHttpRequest) -> HomePart:
    """Sheets and proposals about duplicates that wait for a second person."""
    if not in_group(request, *READERS):
        return HomePart()
    keeps = in_group(request, KEEPER)
    state = ("warn", _("Waiting for a second person"))
    sheets = imports.waiting("register").select_related("loaded_by").order_by("pk")[: ROWS // 2]
    rows = [
        Row(term(row.name), reverse("admin:register_file", args=[row.public_id]), _("Sheet"), term(bilingual(row.loaded_by, "name")), state)
        for row in sheets
    ]
    merges = ShopMerge.objects.filter(OPEN).select_related("shop", "asked_by").order_by("pk")[: ROWS // 2]
    rows += [
        Row(
            term(bilingual(row.shop, "name")),
            reverse("admin:register_merge", args=[row.public_id]),
            row.get_kind_display(),
            term(bilingual(row.asked_by, "name")),
            state,
            None,
            row.asked_at,
        )
        for row in merges
    ]
    nothing = _("Nothing waits for a second person.")
    if keeps and rows:
        offer = Next(_("Register of shops"), rows[0].title, rows[0].note, _("Check the next one"), rows[0].url)
    else:
        page = reverse("admin:register_merges" if keeps else "admin:register_files")
        offer = Next(_("Register of shops"), nothing if not rows else _("A second person checks what waits."), "", _("Duplicates"), page)
        if not keeps:
            offer = Next(offer.label, offer.title, "", _("Load a sheet of the register"), page)
    return HomePart(offer, [Work(_("Waiting for a second person"), rows, empty=nothing)])


staff_menu.register(
    "shops",
    StaffEntry(
        "register",
        _("Sheets of the register"),
        "admin:register_files",
        READERS,
        count=_files,
        tile=_("wait for a second person"),
        tone="warn",
    ),
    StaffEntry(
        "register", _("Duplicates"), "admin:register_merges", READERS, count=_merges, tile=_("wait for a second person"), tone="warn"
    ),
    StaffEntry("register", _("Corrections and exports"), "admin:register_corrections", READERS),
    StaffEntry("register", _("Events of shops"), "admin:register_shops", READERS),
    StaffEntry("lookup", _("Shops and licences"), "shops:search"),
)


def find(request: HttpRequest, reference: str) -> str:
    """The page of the shop with a number of its commercial licence: in the register for those who work on it, else the public one."""
    public_id = Shop.objects.filter(commercial_license_no=reference).values_list("public_id", flat=True).first()
    if public_id is None:
        return ""
    works = in_group(request, *READERS)
    return reverse("admin:register_shop" if works else "shops:shop", args=[public_id])


FINDERS.register("shops", find)


def keys_of(number: str) -> list[str]:
    """The key of the shop with a number of its commercial licence, for the audit log."""
    return [f"shop:{public_id}" for public_id in Shop.objects.filter(commercial_license_no=number).values_list("public_id", flat=True)]


SUBJECTS.register("shops", keys_of)


def _names(public_ids: Collection[str]) -> dict[str, Text]:
    rows = Shop.objects.filter(public_id__in=public_ids).only("public_id", "name_ar", "name_en", "commercial_license_no")
    return {row.public_id: format_html("{} {}", term(bilingual(row, "name")), ref(row.commercial_license_no)) for row in rows}


NAMES.register("shop", _names)
