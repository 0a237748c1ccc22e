"""An opinion on the planner's desk: question, instant answer beside the draft, bodies, documents."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from municipality.cases.models import Case
from municipality.kernel import clock
from municipality.notifications.letters import WAITING
from municipality.review import asked_files
from municipality.review.registry import Item, Reviewable
from municipality.rulebook import queries as rulebook
from municipality.ui.templatetags.portal import bilingual, day, term
from municipality.ui.texts import Text
from zoning.contests import queries as contests
from zoning.models import Consultation, Opinion, OpinionOutcome
from zoning.opinion import queries
from zoning.opinion.labels import ground, plot_name, question
from zoning.opinion.letters import answers_until, came_back, unsent, with_letters
from zoning.opinion.notifications import OpinionSigned
from zoning.opinion.services import study
from zoning.opinion.states import OPINION, OpinionState
from zoning.plots import queries as plots

SKILL = "zoning"


def items(case: Case) -> list[Item]:
    """Question, instant answer with its grounds, the draft with its comparison, each body, and the files by slot."""
    opinion, at = queries.opinion_of(case), case.opened_at
    facts = [
        Item("plot", _("Plot"), plot_name(opinion.plot), may_correct=False),
        Item("question", _("Question"), question(opinion.activity, opinion.floor), source=asked_files.DECLARED, at=at, may_correct=False),
        Item("asker", _("Who asks"), opinion.get_asker_display(), may_correct=False),
        Item("instant", _("Instant answer"), _instant(opinion), may_correct=False),
        Item("draft", _("Draft opinion"), _draft(opinion), may_correct=False),
    ]
    facts += [
        Item(f"body_{row.code}", bilingual(row, "name"), standing(row), may_correct=False)
        for row in with_letters(opinion.consultations.order_by("pk"))
    ]
    return facts + _files(opinion)


def _instant(opinion: Opinion) -> Text:
    outcome = OpinionOutcome(opinion.instant_outcome).label
    return format_html("{}{}", outcome, format_html_join("", ". {}", ((ground(row),) for row in opinion.instant_grounds)))


def _draft(opinion: Opinion) -> Text:
    draft = queries.draft_of(opinion)
    if draft is None:
        return _("not written yet")
    texts = term(draft.text_ar), term(draft.text_en)
    return format_html("{} ({}). {} · {}", draft.get_outcome_display(), draft.get_agreement_display(), *texts)


def standing(row: Consultation) -> Text:
    """What a body of `with_letters` answered, that it is silent, until when it may answer, or that its letter still lies here."""
    if row.answer:
        return format_html("{} {}", row.get_answer_display(), term(row.words))
    if row.silent_at is not None:
        return format_html(_("no answer by {}"), day(clock.day_of(row.silent_at)))
    until = answers_until(row)
    if until is not None:
        return format_html(_("to answer by {}"), day(clock.day_of(until)))
    return _("letter came back") if came_back(row) else _("letter not sent yet")


def _files(opinion: Opinion) -> list[Item]:
    edition = rulebook.edition_of(queries.FILES, opinion.case.editions, clock.day_of(opinion.case.opened_at))
    slot, least = queries.decision_slot(opinion), queries.slots(edition, opinion.asker)
    *asked, decision = asked_files.items(opinion.files_key, queries.SLOTS | {slot.code: slot}, {**least, slot.code: 0})
    return [*asked, replace(decision, source="", may_correct=False)] if decision.files else asked


def flags(case: Case) -> list[str]:
    """What the planner does next about the draft, with the link to its page; nothing once it waits for a signature."""
    if case.state != OpinionState.IN_REVIEW:
        return []
    opinion = queries.opinion_of(case)
    is_new, page = queries.draft_of(opinion) is None, reverse("admin:opinion_study", args=[case.public_id])
    text = _("The opinion is written beside the instant answer.") if is_new else _("The draft can be changed until it is signed.")
    button = _("Write the opinion") if is_new else _("Change the draft")
    link = format_html('<a class="kp-desk-main" href="{}">{}</a>', page, button)
    return [*changed_since(opinion), *still_asked(opinion), text, link]


def changed_since(opinion: Opinion) -> list[str]:
    """What is no longer as it was when the question was asked, the plot or the instant answer, and which layers are contested there."""
    found: list[str] = []
    plot, outcome = opinion.plot, queries.changed_outcome(opinion)
    if plot.valid_to is not None and plot.valid_to <= clock.today():
        found.append(format_html(_("This plot has not existed since {day}."), day=day(plot.valid_to)))
        if now := plots.present(plot):
            names = format_html_join(_(", "), "{}", ((plot_name(one),) for one in now))
            found.append(format_html(_("It has become: {plots}."), plots=names))
    if outcome is not None:
        found.append(format_html(_("The instant answer is another one today: {outcome}."), outcome=outcome.label))
    for row in contests.standing(plot, clock.today()):
        text = _("{layer} is contested on this plot since {day}.")
        found.append(format_html(text, layer=bilingual(row.layer, "name"), day=day(clock.day_of(row.sent_at))))
    return found


def still_asked(opinion: Opinion) -> list[str]:
    """Which letters to bodies still lie here, and until when the other bodies may answer; nothing once all were heard."""
    found: list[str] = []
    rows = list(with_letters(queries.unheard(opinion).order_by("pk")))
    for row in rows:
        if letter := unsent(row):
            sentence = _(
                "The letter to {body} is not sent yet, so its time to answer has not begun and the opinion waits. Send the letter, or "
                "print it and record that it was sent on paper."
            )
            if getattr(row, "letter_state", "") in WAITING:  # its e-mail is under way: neither of the two is possible
                sentence = _("The letter to {body} is being sent. Its time to answer begins once it has left, and the opinion waits.")
            elif came_back(row):
                sentence = _(
                    "The letter to {body} came back, so its time to answer does not run and the opinion waits. Send the letter again, or "
                    "print it and record that it was sent on paper."
                )
            page = reverse("admin:letter", args=[letter])
            link = format_html('<a href="{}">{}</a>', page, _("Read or print the letter"))
            found.append(format_html("{} {}", format_html(sentence, body=bilingual(row, "name")), link))
    if ends := [until for row in rows if (until := answers_until(row)) is not None]:
        sentence = _("Bodies may answer until {day}. Before that, the opinion can be signed only once all of them have answered.")
        found.append(format_html(sentence, day=day(clock.day_of(max(ends)))))
    return found


def waited_until(case: Case) -> dt.datetime | None:
    """When the last body that had its letter answered or was found silent: now, while one may still answer; None where no letter left."""
    rows = with_letters(Consultation.objects.filter(opinion__case=case))
    ends = [row.answered_at or row.silent_at or (None if unsent(row) else clock.now()) for row in rows]
    return max((end for end in ends if end is not None), default=None)


def same_activity(case: Case) -> Q:
    """The opinions on the same group of activities, on the same activity where it has no group, or on building."""
    group, activity = Opinion.objects.filter(case=case).values_list("activity_group", "activity").get()
    alike = Opinion.objects.filter(activity_group=group) if group else Opinion.objects.filter(activity=activity)
    return Q(pk__in=alike.values("case"))


def _after_refusal(case: Case) -> dict[str, Any]:
    """The refusal of a new study is objected to no more: the court comes next, within the days of the limits of objections."""
    if not Opinion.objects.filter(case=case, first__isnull=False).exists():
        return {}
    days = rulebook.edition(queries.OBJECTION_LIMITS, clock.today()).limits["court_days"].value
    return {"to_court": True, "until": clock.today() + dt.timedelta(days=days)}


REVIEWED = Reviewable(
    service=OPINION,
    skill=SKILL,
    replies=queries.REPLIES,
    checks=queries.CHECKS,
    limits=queries.LIMITS,
    items=items,
    flags=flags,
    parties=lambda case: [("applicant", case.applicant.key)],
    related=lambda case: [],
    accepted=study.accepted,
    refused=study.refused,
    second_signature=study.second_signature,
    accepted_message=OpinionSigned,
    accept_label=gettext_lazy("Sign the opinion"),
    refuse_label=gettext_lazy("Refuse an opinion"),
    accepted_label=gettext_lazy("Opinion signed"),
    message_context=_after_refusal,
    is_blind_until_decided=True,
    same_activity=same_activity,
    role="planner",
    waited_until=waited_until,
    compares=False,
    approved=("question", "draft"),
)
