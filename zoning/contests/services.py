"""Contest what a layer says of a plot, and decide a contest."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from municipality.accounts.limits import AttemptLimit
from municipality.accounts.models import User, actor_of
from municipality.accounts.queries import require_group
from municipality.audit.services import record
from municipality.documents.numbers import next_number
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.services import send
from municipality.review import queries as review
from municipality.review.services.case_clock import promised_day
from municipality.rulebook import queries as rulebook
from municipality.uploads import queries as uploads
from zoning.contests.findings import finding_of
from zoning.contests.queries import LIMITS
from zoning.imports import undo
from zoning.imports.roles import PLANNER
from zoning.layers.labels import said_of
from zoning.models import Layer, LayerContest, Plot
from zoning.models.contests import ContestOutcome
from zoning.notifications import ContestDecided, ContestSent
from zoning.plots.summary import summary

LIMIT = AttemptLimit("layer_contests", 10, 86_400)  # a person, a day


def contest(*, plot: Plot, layer: Layer, person: User, should_be: str, reason: str) -> LayerContest:
    """Contest what a layer says of a plot today. Raises Refused: not_said, asked_already, too_often (status 429)."""
    found = summary(plot, clock.today())
    finding = finding_of(found, layer.pk)
    not_said = Refused("not_said", _("This layer says nothing of this plot now."))
    if finding is None or plot.valid_to is not None:
        raise not_said
    if not LIMIT.take(person.key):
        refusal = Refused("too_often", _("You have sent as many as a day allows. Please send the rest tomorrow."))
        refusal.status = 429
        raise refusal
    said = {}
    for language in ("ar", "en"):
        with translation.override(language):
            said[f"said_{language}"] = said_of(finding, found.rules)
    limits = rulebook.edition(LIMITS, clock.today())
    try:
        with transaction.atomic():
            if undo.takes_back(plot):
                raise not_said
            row = LayerContest.objects.create(
                number=next_number(f"CON-{clock.today().year}"),
                plot=plot,
                layer=layer,
                version=finding.version,
                should_be=should_be,
                reason=reason,
                person=person,
                sent_at=clock.now(),
                due_on=promised_day(limits),
                rule=limits.stamp,
                **said,
            )
            data = {"plot": plot.public_id, "layer": layer.pk, "version": finding.version.number if finding.version else 0}
            record("contests.sent", subject=row.key, actor=actor_of(person), data=data)
            send(ContestSent, person=person, key=row.public_id, subject_key=row.key, context={"contest": row, "layer": layer})
    except IntegrityError as error:
        if LayerContest.objects.filter(plot=plot, layer=layer, person=person, outcome=ContestOutcome.OPEN).exists():
            raise Refused("asked_already", _("You contest this layer on this plot already. Its answer comes first.")) from error
        raise
    return row


@transaction.atomic
def decide(*, contest: LayerContest, outcome: str, answer: str, article: str, decided_by: User) -> None:
    """Uphold or refuse a contest, not while a file of its proof is on its way or being checked: nobody has read that one.

    Raises NotPermitted, Refused: done, files_waiting, no_outcome, no_answer, no_article.
    """
    require_group(decided_by, PLANNER)
    row = LayerContest.objects.select_for_update(of=("self",)).select_related("person", "layer", "version__load").get(pk=contest.pk)
    if row.person.key in review.conflict_keys(decided_by):
        raise NotPermitted("tied", _("You have declared a conflict of interest with the sender. Another planner decides."))
    load = row.version.load if row.version is not None else None
    if load is not None and decided_by.pk in (load.loaded_by_id, load.released_by_id):
        raise NotPermitted("same_person", _("Who loaded this version or put it in force cannot decide about it. Another planner must."))
    if row.outcome != ContestOutcome.OPEN:
        raise Refused("done", _("This has already been decided."))
    if uploads.is_waiting(row.key) and clock.today() <= row.due_on:  # after that day nobody puts the decision off
        raise Refused("files_waiting", _("A file is still being checked. Please wait a moment and try again."))
    if outcome not in (ContestOutcome.UPHELD, ContestOutcome.REFUSED):
        raise Refused("no_outcome", _("Please choose the decision."))
    if not answer.strip():
        raise Refused("no_answer", _("Please give the reason of the decision."))
    if outcome == ContestOutcome.REFUSED and not article.strip():
        raise Refused("no_article", _("Please name the article for which it is refused."))
    row.outcome, row.answer, row.article = outcome, answer.strip()[:2000], article.strip()[:200]
    row.decided_by, row.decided_at = decided_by, clock.now()
    row.save(update_fields=["outcome", "answer", "article", "decided_by", "decided_at"])
    actor = Actor(PLANNER, decided_by.key)
    record(
        f"contests.{outcome}", subject=row.key, actor=actor, data={"layer": row.layer_id, "due_on": row.due_on.isoformat()}, text=row.answer
    )
    context = {"contest": row, "layer": row.layer, "is_upheld": outcome == ContestOutcome.UPHELD}
    send(ContestDecided, person=row.person, key=row.public_id, subject_key=row.key, context=context)
