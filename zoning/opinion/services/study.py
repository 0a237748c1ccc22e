"""The planner's draft, why it needs a second signature, and the task that a deviation opens."""

from __future__ import annotations

import re
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User, actor_of
from municipality.audit.services import record
from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.jobs.services import enqueue
from municipality.kernel import clock, worktime
from municipality.kernel.errors import NotPermitted, Refused
from municipality.review import queries as review
from municipality.review.models import Assignment
from municipality.review.registry import SecondSignature
from municipality.review.services import queue
from municipality.review.states import QueueEntryState
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import Reason
from zoning.models import Consultation, OpinionDraft, OpinionObjection, RuleTask
from zoning.models.opinions import A_YES, OpinionOutcome
from zoning.objections import queries as objections
from zoning.opinion import queries

MOST_WORDS = 500
MOST_RESULT = 300
OWN_ANSWERS = "own_answers"  # the reason of the second signature on answers that whoever decides entered
_ARABIC, _LATIN = re.compile("[\u0621-\u064a]"), re.compile("[A-Za-z]")


@transaction.atomic
def write_draft(
    *, assignment: Assignment, outcome: str, text_ar: str, text_en: str, code: str = "", after: int | None = None
) -> OpinionDraft:
    """Write a draft, compared with the instant answer and with like cases; the newest counts.

    `after` is the primary key of the draft on the page that is sent, 0 where it showed none; None compares nothing. Raises Refused:
    not_on_desk, draft_changed (another was saved since), unknown_outcome, text_missing, text_long, reason_missing (it deviates, or
    differs from most of the similar opinions).
    """
    row, entry = queue.lock_assignment(assignment)
    if entry.state != QueueEntryState.HELD:
        raise Refused("not_on_desk", _("This case is not open on the desk."))
    opinion = queries.opinion_of(entry.case)
    # A browser counts a line break once, and sends two characters.
    ar, en = ("\n".join(text.strip().splitlines()) for text in (text_ar, text_en))
    newest = queries.draft_of(opinion)
    if after is not None and after != (newest.pk if newest is not None else 0):
        text = _("A newer draft was saved on another page. It is shown above; what you wrote is kept below. Compare them, then save again.")
        raise Refused("draft_changed", text)
    if outcome not in opinion.outcomes:
        raise Refused("unknown_outcome", _("Choose the outcome of the opinion."))
    if not (_ARABIC.search(ar) and _LATIN.search(en)):
        raise Refused("text_missing", _("Write the opinion in Arabic and in English."))
    if max(len(ar), len(en)) > MOST_WORDS:
        raise Refused("text_long", _("The text of the opinion is longer than 500 characters."))
    agreement = queries.agreement(opinion.instant_outcome, outcome, has_conditions=queries.has_conditions(opinion))
    is_unlike = queries.is_unlike(outcome, queries.like_cases(opinion))
    if agreement == "deviates" or is_unlike:
        if code not in {reason.code for reason in review.replies(entry.case).reasons_of("deviation")}:
            text = _(
                "The opinion deviates from the instant answer. "
                "Choose why, under “Why it deviates, or differs from most of the similar opinions”."
            )
            if agreement != "deviates":
                text = _(
                    "Most of the similar opinions below had another outcome. "
                    "Choose why, under “Why it deviates, or differs from most of the similar opinions”."
                )
            elif is_unlike:
                text = _(
                    "The opinion deviates from the instant answer, and most of the similar opinions below had another outcome. "
                    "Choose why, under “Why it deviates, or differs from most of the similar opinions”."
                )
            raise Refused("reason_missing", text)
    else:
        code = ""
    draft = OpinionDraft.objects.create(
        opinion=opinion,
        outcome=outcome,
        agreement=agreement,
        is_unlike=is_unlike,
        code=code,
        text_ar=ar,
        text_en=en,
        made_by=row.officer,
        made_at=clock.now(),
    )
    OpinionObjection.objects.filter(case=entry.case).exclude(study_code="").update(study_code="")  # in place of a new study
    Assignment.objects.filter(pk=row.pk).update(touched_at=draft.made_at)
    data = {"draft": draft.pk, "outcome": outcome, "agreement": agreement, "code": code}
    record("opinion.drafted", subject=entry.case.key, actor=actor_of(row.officer), data=data)
    return draft


def second_signature(case: Case) -> SecondSignature | None:
    """The second signature that a draft needs which deviates, or rests on answers of bodies that its planner entered; else None.

    Raises Refused: no_draft, body_not_heard (its deadline runs), safety_open (a yes without the yes of a body on health or safety),
    conditions_left_out (a yes without the conditions of a body), rule_missing.
    """
    opinion = queries.opinion_of(case)
    draft = queries.draft_of(opinion)
    if draft is None:
        raise Refused("no_draft", _("Write the draft of the opinion first."))
    if queries.unheard(opinion).exists():
        raise Refused("body_not_heard", _("A body has not answered and its deadline still runs. The opinion waits for it."))
    if draft.outcome in A_YES and queries.unsafe(opinion).exists():
        raise Refused("safety_open", _("A body on health or safety has not agreed. Its silence never counts as a yes."))
    if draft.outcome == OpinionOutcome.PERMITTED and queries.has_conditions(opinion):
        text = _("A body agreed with conditions. Write the opinion as permitted with conditions, and put them into its text.")
        raise Refused("conditions_left_out", text)
    signed: dict[str, Any] = {"draft": draft.pk, "outcome": draft.outcome, "text_ar": draft.text_ar, "text_en": draft.text_en}
    for language in ("ar", "en"):
        with translation.override(language):
            signed[f"outcome_{language}"] = str(OpinionOutcome(draft.outcome).label)
    if answers := own_answers(case, draft):
        signed["answers"] = answers
    if draft.agreement == "deviates":
        reason = review.replies(case).reasons[draft.code]
    elif answers:
        reason = _reason_of_answers(case)
    else:
        return None
    return SecondSignature(reason.code, reason.text_ar, reason.text_en, [signed])


def own_answers(case: Case, draft: OpinionDraft) -> list[list[str]]:
    """What bodies answered by the word of the planner who decides: body, answer and words. A no of the rules rests on none of them."""
    if draft.outcome == OpinionOutcome.NOT_PERMITTED and draft.agreement == "agrees":
        return []
    planners = Assignment.objects.filter(place__case=case, ended_at__isnull=True).values("officer")
    rows = Consultation.objects.filter(opinion=draft.opinion_id, recorded_by__in=planners).exclude(answer="").order_by("pk")
    return [[row.code, row.answer, row.words] for row in rows]


def _reason_of_answers(case: Case) -> Reason:
    """The reason by the edition of a case, or of today where that one is older than the rule. Raises Refused: rule_missing."""
    reason = review.replies(case).reasons.get(OWN_ANSWERS) or rulebook.edition(queries.REPLIES, clock.today()).reasons.get(OWN_ANSWERS)
    if reason is None:
        text = _("The rules in force have no reason for a second signature of answers that a planner entered. The rule team adds it.")
        raise Refused("rule_missing", text)
    return reason


def accepted(case: Case) -> None:
    """After the last signature: open the task of a deviation, and enqueue the sealed opinion. In the decision's transaction."""
    opinion = queries.opinion_of(case)
    draft = queries.draft_of(opinion)
    if draft is not None and draft.agreement == "deviates":
        days = queries.limits_of(case).limits["task_working_days"].value
        due_on = worktime.add_working_days(rulebook.calendar(), clock.today(), days)
        RuleTask.objects.create(opinion=opinion, code=draft.code, edition=opinion.instant_edition, opened_at=clock.now(), due_on=due_on)
        record("opinion.task_opened", subject=case.key, actor=cases.last_actor(case), data={"code": draft.code})
    enqueue("zoning.issue_opinion", key=case.public_id, case_id=case.pk)


def refused(case: Case) -> None:
    """After a signed refusal: its message says everything."""


@transaction.atomic
def finish_task(*, task: RuleTask, planner: User, result: str) -> None:
    """Say what was found about a rule or layer, as a planner who had no part in the opinion.

    Raises NotPermitted("own_opinion"), Refused: task_done, result_missing, result_long.
    """
    row = RuleTask.objects.select_for_update(of=("self",)).select_related("opinion__case").get(pk=task.pk)
    if planner in objections.took_part(row.opinion):
        raise NotPermitted("own_opinion", _("You took part in this opinion, which may be wrong itself. Another planner looks at the rule."))
    if row.done_at is not None:
        raise Refused("task_done", _("This task is done already."))
    found = "\n".join(result.strip().splitlines())
    if not found:
        raise Refused("result_missing", _("Write what was found: which rule or layer was wrong, or that the opinion was."))
    if len(found) > MOST_RESULT:
        raise Refused("result_long", _("The text is too long. Shorten it to %(most)s characters.") % {"most": MOST_RESULT})
    row.done_at, row.done_by, row.result = clock.now(), planner, found
    row.save(update_fields=["done_at", "done_by", "result"])
    record("opinion.task_done", subject=row.opinion.case.key, actor=actor_of(planner, "planner"), data={"code": row.code}, text=row.result)
