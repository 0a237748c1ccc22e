"""The page on which the holder of a shop states its opening hours."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from municipality.accounts.access import access
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel.errors import Refused
from municipality.ui.language import read_form
from municipality.ui.templatetags.portal import bilingual
from shops.hours.forms import WeekForm
from shops.hours.services import HOURS, Part, state_hours
from shops.models.hours import StatedHours
from shops.models.week import parse
from shops.register.addresses import address_of
from shops.register.opening import shop_or_404


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def hours(request: AuthenticatedHttpRequest, public_id: str, part: Part = "week") -> HttpResponse:
    """State or delete one week. Raises Http404 for users who may not act for the shop, Refused for a closed one."""
    user = request.user
    shop, _access = shop_or_404(user, public_id, HOURS)
    if shop.closed_on is not None:
        raise Refused("closed_already", _("This shop is closed."))
    stated = StatedHours.objects.filter(shop=shop).first()
    if part == "ramadan" and stated is None:
        return redirect("shops:hours", shop.public_id)
    text = None if stated is None else stated.week_id if part == "week" else stated.ramadan_id
    initial = text or (stated.week_id if stated else None)
    form, submitted = read_form(request, WeekForm, week=parse(initial) if initial else None, may_be_empty=part == "ramadan")
    is_deletion = submitted and "take_back" in request.POST
    status = 400 if submitted else 200
    if is_deletion or (submitted and form.is_valid()):
        try:
            state_hours(shop=shop, person=user, week=None if is_deletion else form.week, part=part)
        except Refused as refusal:
            form.add_error(None, refusal.sentence)
            status = refusal.status
        else:
            messages.info(request, _("The hours are taken back.") if is_deletion else _("The hours are now on the page of the shop."))
            return redirect(address_of(shop))
    context = {
        "form": form,
        "shop": shop,
        "part": part,
        "stated": stated,
        "is_stated": text is not None,
        "crumbs": [(bilingual(shop, "name"), address_of(shop)), (_("Opening hours"), "")],
    }
    return render(request, "shops/hours/hours.html", context, status=status)
