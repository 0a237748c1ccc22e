"""Asking for boards: the boards with their fees, files and sending, corrections, withdrawal."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from licensing.models import Board, Lane
from licensing.signage import checked, plates, queries
from licensing.signage.cards import Cards
from licensing.signage.consents import labels as consent_labels
from licensing.signage.consents import queries as consents
from licensing.signage.drawing import drawings
from licensing.signage.files import remember
from licensing.signage.forms import BoardsPageForm, SendBoardsForm
from licensing.signage.labels import bill_lines, kind_of, size_of
from licensing.signage.services import requests
from licensing.signage.states import BOARDS
from municipality.accounts.access import access
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.cases import queries as cases
from municipality.cases.opening import case_or_404
from municipality.documents.rendering import RendererMissing
from municipality.drafts import queries as drafts
from municipality.drafts.services import EditConflict
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.review.shared_pages import corrections_page, withdrawal_page
from municipality.ui.language import read_form
from municipality.ui.templatetags.portal import ref
from municipality.uploads import queries as upload_queries
from municipality.uploads.fields import fields_of
from municipality.uploads.pictures import response_of
from shops.models import Shop
from shops.register.opening import shop_or_404


def _crumbs(shop: Shop, last: str = "") -> list[tuple[str, str]]:
    trail = [(_("My shops"), reverse("shops:mine"))]
    if not last:
        return [*trail, (_("Licence for boards"), "")]
    return [*trail, (_("Licence for boards"), reverse("licensing:new_boards", args=[shop.public_id])), (last, "")]


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def boards(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The boards with their fees. A POST keeps them; its button adds or removes one, or goes on to the files."""
    shop, allowed = shop_or_404(request.user, public_id, BOARDS)
    case = cases.visible_to(request.user).filter(service=BOARDS, subject=shop.key, is_open=True).first()
    if case is not None:
        return redirect("cases:case", public_id=case.public_id)
    draft = drafts.open_for(request.user, BOARDS, shop.key, person=allowed.person)
    rules = queries.rules()
    page, submitted = read_form(request, BoardsPageForm)
    cards = requests.cards_from(request.POST, rules, draft) if page.is_bound else requests.cards_of(draft, rules)
    if draft is not None:
        remember(request.user, draft)
        drawings.attach(cards, requests.files_key(draft))
        drawings.link(request, cards)
    checked.check(cards, shop, clock.today())
    broken = requests.refusal_of(cards)
    refusal, status = queries.obstacle(shop) or checked.refusal(cards), 200
    version = page["version"].value() if page.is_bound else draft.version if draft is not None else 0
    if submitted:
        opened_with = page.cleaned_data["version"] if page.is_valid() else 0
        try:
            draft = requests.keep(shop=shop, person=allowed.person, cards=cards, version=opened_with, actor=allowed.actor)
        except EditConflict as conflict:
            conflict.sentence = _("The boards were changed on another device. If you save now, what is below replaces them.")
            refusal, status, version = conflict, conflict.status, conflict.facts["version"]  # which a second sending must name
        except Refused as refused:  # nothing was kept: the page is as old as it was
            refusal, status = refused, refused.status
        else:
            version = draft.version
            if (drawn := request.POST.get("draw", "")).isdecimal() and int(drawn[:4]) < len(cards.forms):
                return redirect("licensing:draw_board", public_id=shop.public_id, number=int(drawn[:4]) + 1)
            if "continue" in request.POST and cards.is_whole and broken is None:
                return redirect("licensing:send_boards", public_id=shop.public_id)
            if "add" in request.POST or "remove" in request.POST:
                return redirect(f"{request.path}#board-{len(cards.forms)}")
            refusal = refusal or (broken if "continue" in request.POST else None)
            status = 400 if cards.errors or refusal is not None else 200
    if not cards.was_asked and "errors" not in request.GET and (submitted or not page.is_bound):
        cards.forget_missing()
    context = cards.context() | {
        "shop": shop,
        "access": allowed,
        "costs_url": _costs_url(cards),
        "draft": draft,
        "version": version,
        "refusal": refusal,
        "crumbs": _crumbs(shop),
    }
    return render(request, "licensing/boards/boards.html", context, status=status)


def _costs_url(cards: Cards) -> str:
    """Where the page asks for the fees of what is typed."""
    if cards.changed is None:
        return reverse("licensing:board_costs")
    return reverse("licensing:change_board", args=[cards.changed.board.public_id])


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def send(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Files, the boards once more with the lines of the later bill, and sending."""
    shop, allowed = shop_or_404(request.user, public_id, BOARDS)
    draft = drafts.open_for(request.user, BOARDS, shop.key, person=allowed.person)
    if draft is None:  # sent, removed or run out meanwhile
        return redirect("licensing:new_boards", public_id=shop.public_id)
    remember(request.user, draft)
    rules = queries.rules()
    limits, files = rules[1:3]
    cards = requests.cards_of(draft, rules)
    drawings.attach(cards, requests.files_key(draft))
    drawings.link(request, cards)
    checked.check(cards, shop, clock.today())
    if not cards.is_whole or requests.refusal_of(cards) is not None:  # the page of the boards says why
        return redirect(f"{reverse('licensing:new_boards', args=[shop.public_id])}?errors")
    initial = {"version": draft.version, "total": cards.fils}
    form, submitted = read_form(request, SendBoardsForm, initial=initial)
    is_clean = requests.lane_of(cards, shop) == Lane.CLEAN
    refusal: Refused | None = None
    if submitted and form.is_valid():
        given = form.cleaned_data
        try:
            case = requests.submit(
                shop=shop,
                person=allowed.person,
                draft=draft,
                version=given["version"],
                expected_fils=given["total"],
                actor=allowed.actor,
            )
        except NotPermitted:  # the shop has passed to another holder: nothing of it is shown
            raise
        except Refused as refused:
            refusal, form = refused, SendBoardsForm(initial=initial)
        else:
            said = _("The change is decided. Its reference:") if is_clean else _("The request is with the Municipality. Its reference:")
            messages.info(request, format_html("{} {}", said, ref(case.reference)))
            return redirect("cases:case", public_id=case.public_id)
    rows = requests.rows_of(cards)
    drawn = requests.are_drawn(cards)
    least = queries.slots(files, are_drawn=drawn)
    signatures = consent_labels.rows_of(consents.of_draft(draft), consents.digest_of_cards(cards))
    needs_no_plan = drawn and not least.get("plan")
    fields = fields_of(request, requests.files_key(draft), least, next_path=request.path)
    context = {
        "shop": shop,
        "access": allowed,
        "form": form,
        "boards": [(row, kind_of(row), size_of(row), form) for row, form in zip(rows, cards.forms, strict=True)],
        "consents": signatures,
        "is_signing": any(row["consent"] for row in signatures),
        "fields": [field for field in fields if field.lines or not (needs_no_plan and field.slot.code == "plan")],
        "optional": [queries.SLOTS[slot].label for slot, count in least.items() if not count and not (drawn and slot == "plan")],
        "missing": upload_queries.missing(requests.files_key(draft), least) if refusal and refusal.code == "no_documents" else [],
        "needs_no_plan": needs_no_plan,
        "drawing_spares_plan": not drawn and least.get("plan") and not queries.slots(files, are_drawn=True).get("plan"),
        "is_clean": is_clean,
        "changed": cards.changed,
        "returned_fils": sum(row.returned_fils for row in rows),
        "lines": bill_lines(rows, cards.edition.stamp),
        "total": cards.fils,
        "promise_days": limits.limits["promise_working_days"].value,
        "refusal": refusal,
        "crumbs": _crumbs(shop, _("Files and sending")),
    }
    return render(request, "licensing/boards/send.html", context, status=refusal.status if refusal else 400 if submitted else 200)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def discard(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Confirm, then delete the draft with its files."""
    shop, allowed = shop_or_404(request.user, public_id, BOARDS)
    draft = drafts.open_for(request.user, BOARDS, shop.key, person=allowed.person)
    if draft is None:
        return redirect("licensing:new_boards", public_id=shop.public_id)
    if request.method == "POST":
        requests.discard(draft=draft, actor=allowed.actor)
        messages.info(request, _("The saved request is deleted. Nothing was sent."))
        return redirect("shops:mine")
    return render(
        request, "licensing/boards/discard.html", {"shop": shop, "access": allowed, "crumbs": _crumbs(shop, _("Remove the request"))}
    )


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def corrections(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The files that are asked for; a POST sends them."""
    case, _allowed = case_or_404(request.user, public_id, service=BOARDS)
    slots = queries.requested_slots(case)
    return corrections_page(request, case, key=queries.key_of(case), slots=slots, answer=requests.answer_corrections)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Confirm, then withdraw an unpaid request."""
    case, _allowed = case_or_404(request.user, public_id, service=BOARDS)
    return withdrawal_page(request, case, withdraw=requests.withdraw)


@access("person")
@require_safe
def plate(request: AuthenticatedHttpRequest, public_id: str, form: str) -> HttpResponse:
    """The plate of a licensed board to print, as a drawing or a PDF, for its holder. Raises Http404 for another's and without a licence."""
    rows = Board.objects.filter(public_id=public_id, first_day__isnull=False)
    board = rows.select_related("request__document").first()
    if board is None or not plates.has_plate(board) or not queries.is_held_by(request.user, board):
        raise Http404
    try:
        content = plates.svg(board).encode() if form == "svg" else plates.pdf(board)
    except RendererMissing:
        messages.error(request, _("The plate cannot be made as a PDF at the moment. Take the drawing, or try again later."))
        return redirect("licensing:board", public_id=board.public_id)
    media_type = {"svg": "image/svg+xml", "pdf": "application/pdf"}[form]
    return response_of(content, media_type, f"{board.number.replace('/', '-')}.{form}")
