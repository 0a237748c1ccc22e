"""Merges: candidates, proposals, and the page to decide one."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from municipality.accounts.proof import reauthentication_required, steps
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel.errors import Refused
from municipality.ui.admin_base import in_group, require_role
from shops.imports.validation import number_of
from shops.models import Shop, ShopMerge
from shops.models.office import OPEN, MergeKind
from shops.office import candidates
from shops.office.services import merges as services
from shops.office.views.base import READERS, page
from shops.register.roles import KEEPER

TYPED = ("goes", "stays", "note_ar")


@require_http_methods(["GET", "HEAD", "POST"])
def merges(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Candidates, the form to propose, and the open proposals."""
    require_role(request, *READERS)
    error = ""
    if request.method == "POST":
        try:
            act = _propose(request)
            messages.success(request, _("The proposal waits for a second person."))
            return redirect("admin:register_merge", act.public_id)
        except Refused as refusal:
            error = str(refusal.sentence)
    form_data = request.POST if error else request.GET
    pairs, next_query = _candidates(request)
    acts = ShopMerge.objects.select_related("shop", "into", "asked_by").order_by("-pk")
    return page(
        request,
        "admin/shops/merges.html",
        _("Duplicates"),
        error,
        pairs=pairs,
        following=next_query,
        waiting=acts.filter(OPEN)[:50],
        decided=acts.exclude(OPEN)[:20],
        typed={name: form_data.get(name, "")[:500] for name in TYPED},
    )


def _candidates(request: AuthenticatedHttpRequest) -> tuple[list[candidates.Pair], str]:
    """The next pairs by number and by name, and the query string of the next page, empty at the end."""
    number, name, area = (request.GET.get(key, "").replace("\0", "") for key in ("number", "name", "area"))
    is_first = not number and not name
    pairs: list[candidates.Pair] = []
    next_page: dict[str, str | int] = {}
    if number or is_first:
        pairs, next_key = candidates.numbered(number[:20])
        next_page |= {"number": next_key} if next_key else {}
    if name or is_first:
        area_pk = int(area) if area.isascii() and area.isdigit() and len(area) < 11 else 0
        named, (next_key, next_area) = candidates.named(name[:170], area_pk)
        pairs += named
        next_page |= {"name": next_key, "area": next_area} if next_key else {}
    return pairs, urlencode(next_page)


def _propose(request: AuthenticatedHttpRequest) -> ShopMerge:
    """Run the action of the form. Raises Refused."""
    step, user, note_ar = request.POST.get("step", ""), request.user, request.POST.get("note_ar", "")
    if step == "split":
        return services.propose_split(shop=_shop(request, "goes"), note_ar=note_ar, asked_by=user)
    if step != "propose":
        raise Refused("unknown_step", _("The page was sent incomplete. Reload it and try again."))
    return services.propose(shop=_shop(request, "goes"), into=_shop(request, "stays"), note_ar=note_ar, asked_by=user)


def _shop(request: AuthenticatedHttpRequest, name: str) -> Shop:
    number = number_of(request.POST.get(name, ""))
    shop = Shop.objects.filter(commercial_license_no=number).first() if number and len(number) <= 20 else None
    if shop is None:
        raise Refused("no_such_shop", _("No shop of the register has this commercial licence number. Please compare it with the licence."))
    return shop


@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required(when=steps("allow"))
def merge(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """One proposal with both shops; a second person allows or refuses it."""
    require_role(request, *READERS)
    joined = [f"{side}__{name}" for side in ("shop", "into") for name in ("activity", "area", "owner", "organisation")]
    act = ShopMerge.objects.select_related("asked_by", "allowed_by", "refused_by", *joined).filter(public_id=public_id).first()
    if act is None:
        raise Http404
    error = ""
    if request.method == "POST":
        try:
            step = request.POST.get("step", "")
            if step == "allow":
                services.allow(merge=act, allowed_by=request.user)
                messages.success(request, _("Done. The register and the search show it."))
            elif step == "refuse":
                services.refuse(merge=act, refused_by=request.user)
                messages.success(request, _("The proposal is dropped."))
            else:
                raise Refused("unknown_step", _("The page was sent incomplete. Reload it and try again."))
            return redirect("admin:register_merge", act.public_id)
        except Refused as refusal:
            error = str(refusal.sentence)
            act.refresh_from_db()
    user = request.user
    is_open, is_mine = act.allowed_at is None and act.refused_at is None, act.asked_by_id == user.pk
    keeps = in_group(request, KEEPER)
    return page(
        request,
        "admin/shops/merge.html",
        _("Duplicates"),
        error,
        act=act,
        is_merge=act.kind == MergeKind.MERGE,
        sides=[(act.shop, list(act.shop.former_names.order_by("-last_day")[:10])), (act.into, list(act.into.former_names.all()[:10]))],
        obstacles=services.obstacles(act.shop) if is_open and act.kind == MergeKind.MERGE else [],
        may_allow=is_open and keeps and not is_mine,
        may_refuse=is_open and (keeps or is_mine),
        is_mine=is_mine and is_open,
    )
