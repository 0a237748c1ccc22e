"""A renewal with changes, or a change between renewals (`service`): task list, a page for each fact, files, check your answers, send."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from licensing.health import changes, draft_pages, new_places, queries, services
from licensing.health.change_forms import FACT_FORMS, WHAT_CHANGES, WHAT_ELSE, CheckAndSend, PageForm, WhatChanged
from licensing.health.condition_messages import Subject, obstacle, obstacles, study_title
from licensing.health.differences import differences, known_facts
from licensing.health.states import CHANGE, RENEWAL
from municipality.accounts.access import access
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.cases import queries as cases
from municipality.delegation.authorization import Access
from municipality.drafts import queries as drafts
from municipality.drafts import services as draft_services
from municipality.drafts import unsaved
from municipality.drafts.models import Draft
from municipality.drafts.unsaved import keeps_typed
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.review.services.case_clock import promised_day
from municipality.rulebook import queries as rulebook
from municipality.ui.language import read_form, without_errors
from municipality.ui.templatetags.portal import ref
from municipality.uploads import queries as uploads
from municipality.uploads.fields import field_of
from municipality.uploads.states import UploadState
from shops.models import Shop
from shops.register.opening import shop_or_404


def _back(shop: Shop, service: str) -> tuple[Any, str]:
    """The page that leads to the request: its name and address."""
    if service == CHANGE:
        return _("Health licence"), reverse("licensing:licence", args=[shop.public_id])
    return _("Renew a health licence"), reverse("licensing:renew", args=[shop.public_id])


def _crumbs(shop: Shop, flags: Collection[str], service: str, last: Any = "") -> list[tuple[Any, str]]:
    trail = [(_("My shops"), reverse("shops:mine")), _back(shop, service)]
    title = study_title(flags, service)
    return [*trail, (title, draft_pages.tasks_url(shop, service)), (last, "")] if last else [*trail, (title, "")]


@access("on_behalf")
@require_http_methods(["GET", "HEAD", "POST"])
def tasks(request: AuthenticatedHttpRequest, public_id: str, service: str = RENEWAL) -> HttpResponse:
    """The task list. A POST begins the request."""
    user = request.user
    shop, allowed = shop_or_404(user, public_id, service)
    offer = queries.offer(shop, service)
    draft = drafts.open_for(user, service, shop.key, person=allowed.person)
    if request.method == "POST":
        if not offer.may_be_studied:
            raise Refused("not_open", _("A condition is no longer met. The page shows which one and what to do."))
        draft = draft or draft_services.begin(person=allowed.person, service=service, subject=shop.key, actor=allowed.actor)
        return redirect(draft_pages.page_url(shop, service, draft_pages.next_page(draft)))
    open_case = cases.visible_to(user).filter(pk=offer.open_case.pk).first() if offer.open_case else None
    context = {
        "shop": shop,
        "access": allowed,
        "offer": offer,
        "draft": draft,
        "place": _place(offer, draft) if offer.may_be_studied else None,
        "pages": draft_pages.pages(draft) if draft else [],
        "next_url": draft_pages.page_url(shop, service, draft_pages.next_page(draft)) if draft else "",
        "needs_no_file": draft is not None and draft_pages.WHAT in draft.answers and not draft_pages.required_slots(draft),
        "obstacles": obstacles(user, offer, open_case, without=offer.flags),
        "reasons": [obstacle(c, Subject(shop, service=service)) for c in offer.unmet if c.code in offer.flags and c.code != "unchanged"],
        "differences": differences(offer, is_self=allowed.is_self),
        "promise_days": offer.promise_days,
        "title": study_title(offer.flags, service),
        "needed": _needed() if draft is None else [],
        "renewal": queries.offer(shop) if service == CHANGE and draft is None and offer.may_be_studied else None,
        **_places(shop, service),
        "crumbs": _crumbs(shop, offer.flags, service),
    }
    return render(request, "licensing/changes/tasks.html", context)


def _places(shop: Shop, service: str) -> dict[str, Any]:
    """Where the pages of the request are, for its templates."""
    back_title = _("Back to the licence") if service == CHANGE else _("Back to the renewal")
    urls = {"tasks_url": draft_pages.tasks_url(shop, service), "discard_url": reverse(draft_pages.URLS[service][2], args=[shop.public_id])}
    return {**urls, "is_change": service == CHANGE, "back_title": back_title, "back_url": _back(shop, service)[1]}


def _needed() -> list[tuple[Any, list[Any]]]:
    """The files that each change needs, by the rules of today; what needs none has an empty list."""
    edition = draft_pages.files_edition()
    least = {name: changes.required_slots(edition, [name]) for name in changes.FACTS}
    return [
        (fact.label, [changes.SLOTS[slot].label for slot, count in least[name].items() if count]) for name, fact in changes.FACTS.items()
    ]


def _place(offer: queries.Offer, draft: Draft | None) -> new_places.NewPlace | None:
    """The new place of the shop by the register and the answers so far."""
    return new_places.place_of_offer(offer, _declared(draft) if draft is not None else {})


def _declared(draft: Draft) -> dict[str, Any]:
    """The answers about the facts that are ticked as changed."""
    return {name: draft.answers[name] for name in draft_pages.changed_facts(draft) if name in draft.answers}


@keeps_typed
@access("on_behalf")
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: AuthenticatedHttpRequest, public_id: str, page: str, service: str = RENEWAL) -> HttpResponse:
    """One page of the request."""
    user = request.user
    shop, allowed = shop_or_404(user, public_id, service)
    draft = drafts.open_for(user, service, shop.key, person=allowed.person)
    if draft is None:  # sent, removed or run out meanwhile
        return redirect(draft_pages.tasks_url(shop, service))
    if page == draft_pages.CONTINUE:
        if not queries.offer(shop, service).may_be_studied:
            return redirect(draft_pages.tasks_url(shop, service))
        return redirect(draft_pages.page_url(shop, service, draft_pages.next_page(draft)))
    pages = {line.code: line for line in draft_pages.pages(draft)}
    if page not in pages:
        raise Http404
    if page == draft_pages.FILES:
        return _files(request, shop, allowed, draft)
    if page == draft_pages.CHECK:
        if pages[page].state == "locked":
            return redirect(draft_pages.tasks_url(shop, service))
        return _check(request, shop, allowed, draft)
    return _question(request, shop, allowed, draft, page)


def _question(request: AuthenticatedHttpRequest, shop: Shop, allowed: Access, draft: Draft, page: str) -> HttpResponse:
    service = draft.service
    offer = queries.offer(shop, service)
    form_class: type[PageForm] = WhatChanged if page == draft_pages.WHAT else FACT_FORMS[page]
    kwargs: dict[str, Any] = {
        "shop": shop,
        "saved": draft.answers.get(page),
        "flags": offer.flags,
        "known": known_facts(offer, is_self=allowed.is_self),
        "is_change": service == CHANGE,
        "initial": {"version": draft.version},
    }
    form, submitted = read_form(request, form_class, **kwargs)
    typed = unsaved.read(request) if request.method in ("GET", "HEAD") else None
    if typed is not None:  # restored from before the session ended; not validated yet
        form = form_class(data=typed, **kwargs)
        without_errors(form)
    conflict: draft_services.EditConflict | None = None
    if submitted and form.is_valid():
        version = form.cleaned_data.get("version")
        try:
            draft = draft_services.answer(
                draft=draft, page=page, answers=form.answers(), version=draft.version if version is None else version, actor=allowed.actor
            )
        except draft_services.EditConflict as error:
            conflict = error
            data = request.POST.copy()
            data["version"] = str(error.facts["version"])
            form = form_class(data=data, **kwargs)
        else:
            unsaved.delete(request)
            if page == draft_pages.WHAT:
                draft = draft_services.forget_pages(
                    draft=draft, pages=[name for name in changes.FACTS if name not in draft_pages.changed_facts(draft)]
                )
            return redirect(draft_pages.page_url(shop, service, draft_pages.next_page(draft)))
    fact = changes.FACTS.get(page)
    context = {
        "shop": shop,
        "access": allowed,
        "form": form,
        "fact": fact,
        "title": fact.question if fact else _question_title(known=bool(kwargs["known"]), service=service),
        "differences": [] if fact else differences(offer, is_self=allowed.is_self),
        "registered": fact.display(fact.read(shop)) if fact else "",
        "restored": typed is not None and not unsaved.is_from_button(typed),
        "elsewhere": conflict,
        "saved": _answers_text(page, conflict.facts["saved"]) if conflict else "",
        "draft": draft,
        **_places(shop, service),
        "crumbs": _crumbs(shop, offer.flags, service, fact.label if fact else _("What changed")),
    }
    return render(request, "licensing/changes/question.html", context, status=409 if conflict else 200)


def _question_title(*, known: bool, service: str) -> Any:
    if known:
        return WHAT_ELSE
    return WHAT_CHANGES if service == CHANGE else _("What changed since the last licence?")


def _answers_text(page: str, answers: dict[str, Any] | None) -> str:
    if not answers:
        return _("nothing")
    if page == draft_pages.WHAT:
        separator = "، " if get_language() == "ar" else ", "
        return separator.join(str(changes.FACTS[name].label) for name in answers.get("changed", [])) or _("nothing")
    return changes.FACTS[page].display(answers)


def _ticked_text(draft: Draft, *, known: bool) -> str:
    """The ticked facts; `known`: beside differences that the register has itself."""
    if known and not draft_pages.changed_facts(draft):
        return _("nothing else")
    return _answers_text(draft_pages.WHAT, draft.answers.get(draft_pages.WHAT))


def _files(request: AuthenticatedHttpRequest, shop: Shop, allowed: Access, draft: Draft) -> HttpResponse:
    """All slots that the changes require, with their files."""
    names, edition = draft_pages.changed_facts(draft), draft_pages.files_edition()
    number = 0 if get_language() == "ar" else 1
    url = draft_pages.page_url(shop, draft.service, draft_pages.FILES)
    required = draft_pages.required_slots(draft)
    slots = [
        (field_of(request, draft.key, code, next_path=url), minimum, changes.article_of(edition, names, code)[number])
        for code, minimum in required.items()
    ]
    state = draft_pages.files_state(draft)
    missing = []
    if request.method == "POST":
        if state == "done":
            return redirect(draft_pages.page_url(shop, draft.service, draft_pages.next_page(draft)))
        ready = {code: uploads.ready(draft.key, code).count() for code in required}
        missing = [field for field, minimum, _article in slots if ready[field.slot.code] < minimum]
        if state == "waiting" and not missing:  # enough files, and another one is being checked
            missing = [field for field, _minimum, _article in slots if field.is_on_the_way]
    context = {
        "shop": shop,
        "access": allowed,
        "slots": slots,
        "state": state,
        "missing": missing,
        "place": _place(queries.offer(shop, draft.service), draft),
        **_places(shop, draft.service),
        "crumbs": _crumbs(shop, (), draft.service, _("Files")),
    }
    return render(request, "licensing/changes/files.html", context)


def _check(request: AuthenticatedHttpRequest, shop: Shop, allowed: Access, draft: Draft) -> HttpResponse:
    """Check your answers: all answers with links to change them, and the declaration."""
    service = draft.service
    offer = queries.offer(shop, service)
    ready = Counter(row.slot for row in draft_pages.files_of(draft) if row.state == UploadState.READY)
    files = [(changes.SLOTS[code], ready[code]) for code, least in draft_pages.required_slots(draft).items() if least or ready[code]]
    kwargs: dict[str, Any] = {"shop": shop, "saved": {}, "flags": offer.flags, "has_files": bool(files)}
    answers = _declared(draft)
    place = new_places.place_of_offer(offer, answers)
    zoning = place.mark if place is not None else ""
    initial = {"version": draft.version, "total": offer.total, "zoning": zoning}
    form, submitted = read_form(request, CheckAndSend, **kwargs, initial=initial)
    refusal: Refused | None = None
    if submitted and form.is_valid():
        data = form.cleaned_data
        try:
            case = services.send_to_officer(
                shop=shop,
                applicant=allowed.person,
                draft=draft,
                version=data["version"] or 0,
                expected_fils=data["total"],
                expected_zoning=data["zoning"],
                actor=allowed.actor,
            )
        except NotPermitted:  # the shop has passed to another holder: nothing of it is shown
            raise
        except Refused as refused:
            refusal = refused
            draft.refresh_from_db()
            offer = queries.offer(shop, service)
            if not draft.is_open or not offer.may_be_studied:  # the task list says what stops it
                return redirect(draft_pages.tasks_url(shop, service))
            data = {**request.POST.dict(), "total": str(offer.total), "version": str(draft.version), "zoning": zoning}
            form = CheckAndSend(data, **{**kwargs, "flags": offer.flags})
        else:
            messages.info(request, format_html("{} {}", _("The request is with the Municipality. Its reference:"), ref(case.reference)))
            return redirect("cases:case", public_id=case.public_id)
    rows = [
        (changes.FACTS[name], changes.FACTS[name].display(changes.FACTS[name].read(shop)), changes.FACTS[name].display(values))
        for name, values in answers.items()
    ]
    known = differences(offer, is_self=allowed.is_self)
    context = {
        "shop": shop,
        "access": allowed,
        "form": form,
        "offer": offer,
        "rows": rows,
        "place": place,
        "files": files,
        "differences": known,
        "ticked": _ticked_text(draft, known=bool(known)),
        "refusal": refusal,
        "due_on": promised_day(rulebook.edition("limits.review", clock.today())),
        **_places(shop, service),
        "crumbs": _crumbs(shop, offer.flags, service, _("Check your answers")),
    }
    return render(request, "licensing/changes/check.html", context, status=409 if refusal else 200)


@access("on_behalf")
@require_http_methods(["GET", "HEAD", "POST"])
def discard(request: AuthenticatedHttpRequest, public_id: str, service: str = RENEWAL) -> HttpResponse:
    """Confirm, then delete the draft."""
    user = request.user
    shop, allowed = shop_or_404(user, public_id, service)
    draft = drafts.open_for(user, service, shop.key, person=allowed.person)
    if draft is None:
        raise Http404
    if request.method == "POST":
        draft_services.discard(draft=draft, actor=allowed.actor)
        messages.info(request, _("The saved request is deleted. Nothing was sent."))
        return redirect("shops:mine")
    return render(request, "licensing/changes/discard.html", {"shop": shop, "draft": draft, "access": allowed, **_places(shop, service)})
