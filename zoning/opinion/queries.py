"""Queries on opinions: what they are asked, the instant answer of the day, like cases, documents, and silent bodies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case as Choose
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce, TruncMonth
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from shapely.geometry import Point

from municipality.cases.models import Case
from municipality.documents.models import Document
from municipality.documents.states import DocumentState
from municipality.kernel import clock, request_cache
from municipality.kernel.errors import Refused
from municipality.places.models import Branch
from municipality.review import asked_files, registry
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import RulebookEdition
from municipality.uploads.registry import Slot
from payments.rules import Line
from zoning.answer import queries as answers
from zoning.answer.labels import text_of
from zoning.answer.queries import ActivityQuestion
from zoning.answer.rules import CONDITIONAL, NO_DATA, PERMITTED
from zoning.geometry import measures
from zoning.layers import queries as layers
from zoning.models import BodyAnswer, Consultation, Opinion, OpinionDraft, OpinionOutcome, Plot
from zoning.objections.states import OBJECTION, OpinionObjectionState
from zoning.opinion.labels import limits_text
from zoning.opinion.letters import with_letters
from zoning.opinion.states import OpinionState
from zoning.plots import queries as plots

FEES, LIMITS, FILES, BODIES = "fees.opinion", "limits.opinion", "files.opinion", "zoning.bodies"
OBJECTION_LIMITS = "limits.opinion_objection"
REPLIES, CHECKS = "replies.opinion", "checks.opinion"
EDITIONS = (FEES, LIMITS, REPLIES, CHECKS, FILES, BODIES)
MOST_ALIKE = 5
SHOWS_DRAFT = (OpinionState.DECIDED, OpinionState.ISSUED)  # before that it is not signed: it may be sent back and written anew
UPHELD = (OpinionObjectionState.DECIDED, OpinionObjectionState.REPLACED)
SLOTS: dict[str, Slot] = {
    slot.code: slot
    for slot in (
        Slot("title", _("Title deed, or contract of use or lease"), _("All pages."), most=4, by_staff=False),
        Slot("mandate", _("Mandate of the owner"), _("Signed by the owner, for this plot."), most=2, by_staff=False),
        Slot("letter", _("Letter of the body that asks"), _("With number and date."), most=2, by_staff=False),
        Slot("drawing", _("Drawing of the place"), _("With measures; the entrance and the floor are marked."), most=4, by_staff=False),
    )
}

# What the applicant adds to an objection; kept with the documents of the opinion.
OBJECTION_SLOT = Slot(
    "objection", _("Documents for the objection"), _("Only if you have some; the words above are enough."), most=6, by_staff=False
)


@dataclass(frozen=True)
class Instant:
    """The instant answer of a day in the columns of `Opinion`: each ground with outcome, sentence and article in both languages."""

    instant_outcome: str
    instant_grounds: list[dict[str, str]]
    instant_edition: str
    activity_group: str
    land_class: str
    longitude: float
    latitude: float


def instant(plot: Plot, activity: str | None, floor: int | None) -> Instant:
    """The instant answer of today to a question; without an activity, the building limits. Raises Refused("no_outline")."""
    today = clock.today()
    shape = plots.shape_on(plot, today)
    if shape is None:
        raise Refused("no_outline", _("The outline of this plot is not known. Please ask at the branch of the governorate."))
    catalogue, edition = layers.catalogue(), answers.rules_on(today)
    asked = ActivityQuestion(activity, floor) if activity is not None and floor is not None else None
    known = layers.around(shape.shape, today, catalogue, answers.distances_of(edition, asked))
    findings = layers.findings(shape.shape, today, catalogue, known)
    parts = sorted(answers.land_parts(findings), key=lambda part: -part.share)
    rules = edition.land if edition is not None else None
    if asked is None:
        is_known = rules is not None and bool(parts) and all(part.land_class in rules.classes for part in parts)
        outcome = OpinionOutcome.LIMITS if is_known else OpinionOutcome.NO_DATA
        grounds = [limits_text(rules.classes[part.land_class], part.share) for part in parts] if is_known and rules is not None else []
    else:
        found = answers.ask(shape.shape, findings, edition, asked, today, known)
        texts = {}
        for language in ("ar", "en"):
            with translation.override(language):
                texts[language] = text_of(found, catalogue, "", "").grounds
        outcome = OpinionOutcome(found.answer.outcome)
        grounds = [
            {"outcome": ar.outcome, "ar": ar.sentence, "en": en.sentence, "article_ar": ar.article, "article_en": en.article}
            for ar, en in zip(texts["ar"], texts["en"], strict=True)
        ]
    middle = shape.shape.centroid
    return Instant(
        instant_outcome=outcome,
        instant_grounds=grounds,
        instant_edition=edition.stamp if edition is not None else "",
        activity_group=rules.groups.get(activity, "") if rules is not None and activity else "",
        land_class=parts[0].land_class if parts else "",
        longitude=middle.x,
        latitude=middle.y,
    )


def changed_outcome(opinion: Opinion) -> OpinionOutcome | None:
    """The instant answer of today to the question of an opinion, where it is another one than the opinion was compared with, or None."""
    try:
        found = instant(opinion.plot, opinion.activity_id, opinion.floor).instant_outcome
    except Refused:  # its outline is gone
        return None
    return OpinionOutcome(found) if found != opinion.instant_outcome else None


def branch_of(plot: Plot) -> Branch:
    """The branch of the governorate in which a plot lies."""
    return Branch.objects.get(governorate=plot.area.governorate_id)


def opinion_of(case: Case) -> Opinion:
    """The opinion of a case with its plot. Raises Opinion.DoesNotExist for another case."""
    related = ("case__applicant", "case__branch", "plot__area", "activity", "document__replaced_by", "first__document")
    return Opinion.objects.select_related(*related).get(case=case)


def shown(case: Case) -> Opinion:
    """The opinion of a case as its page shows it, with the objection to it and its rule to look at. Raises Opinion.DoesNotExist.

    Once a draft can be shown, one statement reads both; `draft_of` and `objections.objection_to` have them then.
    """
    related = ("plot__area", "activity", "document__replaced_by", "first__document", "objection__case", "task")
    draft = None
    if case.state in SHOWS_DRAFT:
        drafts = OpinionDraft.objects.filter(opinion__case=case).select_related(*(f"opinion__{name}" for name in related))
        draft = drafts.order_by("-pk").first()
    opinion = draft.opinion if draft is not None else Opinion.objects.select_related(*related).get(case=case)
    opinion.case = case
    if draft is not None:
        request_cache.get_or_set(("zoning.draft", opinion.pk), lambda: draft)
    request_cache.get_or_set(("zoning.objection_to", case.pk), lambda: getattr(opinion, "objection", None))
    return opinion


def draft_of(opinion: Opinion) -> OpinionDraft | None:
    """The newest draft, which counts; read once a request."""
    return request_cache.get_or_set(("zoning.draft", opinion.pk), opinion.drafts.order_by("-pk").first)


def newest_document(case: Case) -> Document | None:
    """The opinion that counts for a paid request: its own, or the one that replaced it after an objection."""
    rows = Opinion.objects.filter(Q(case=case) | Q(first__case=case), document__isnull=False)
    row = rows.select_related("document__last_event").order_by("-pk").first()
    return row.document if row is not None else None


def fee_line(fees: RulebookEdition) -> Line:
    """The one line of the bill of an opinion."""
    fee = fees.fees["opinion"]
    return Line(
        code="zoning.opinion",
        label_ar=fee.label_ar,
        label_en=fee.label_en,
        formula_ar="رأي واحد لقسيمة واحدة",
        formula_en="1 opinion on 1 plot",
        article_ar=fee.article_ar,
        article_en=fee.article_en,
        edition=fees.stamp,
        fils=fee.fils,
        revenue_account=fee.revenue_account,
    )


# --- Documents ---------------------------------------------------------------------------------------------------------------


def slots(files: RulebookEdition, asker: str) -> dict[str, int]:
    """Slot → least number of files for who asks, by the rulebook's limits `<asker>.<slot>`; 0 for files that may be left out."""
    least = {code.partition(".")[2]: limit.value for code, limit in files.limits.items() if code.partition(".")[0] == asker}
    return {slot: least[slot] for slot in SLOTS if slot in least}


def decision_slot(opinion: Opinion) -> Slot:
    """Where the planner adds the signed decision on the plot that a draft rests on. An opinion after an objection has its own."""
    hint = _("Where the opinion rests on one: with its number and its day. The applicant sees it with the signed opinion.")
    return Slot(f"decision-{opinion.pk}", _("Signed decision on the plot"), hint, most=3, by_staff=True)


def shows_draft(case: Case) -> bool:
    """Whether the newest draft of the opinion of a request or an objection is signed, so that its applicant reads it."""
    return case.state in (UPHELD if case.service == OBJECTION else SHOWS_DRAFT)


def key_of(case: Case) -> str:
    """The subject key of the documents of an opinion."""
    return Opinion.objects.values_list("files_key", flat=True).get(case=case)


def requested_slots(case: Case) -> list[str]:
    """The documents that the open round of corrections asks for."""
    return asked_files.requested(case, SLOTS)


# --- Like cases --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LikeCase:
    """An earlier opinion on the same group of activities and class of land: how far, when, by which edition, and what came out."""

    metres: float
    on: dt.date
    edition: str
    outcome: str
    agreement: str
    code: str


def like_cases(opinion: Opinion) -> list[LikeCase]:
    """The nearest issued opinions on the same group of activities (or on building) and class of land, nearest first; two queries.

    Nothing in them names a person, and none replaces this one or is replaced by it. The nearest are found in a plane, their metres
    measured on the ellipsoid.
    """
    root = opinion.first_id or opinion.pk
    across, up = measures.metres_per_degree(opinion.longitude, opinion.latitude)
    east, north = (F("longitude") - opinion.longitude) * float(across), (F("latitude") - opinion.latitude) * float(up)
    newest = OpinionDraft.objects.filter(opinion=OuterRef("pk")).order_by("-pk")
    rows = (
        Opinion.objects.filter(
            activity_group=opinion.activity_group,
            land_class=opinion.land_class,
            activity__isnull=opinion.activity_id is None,
            **({"activity": opinion.activity_id} if opinion.activity_id and not opinion.activity_group else {}),
            document__isnull=False,
        )
        .exclude(Q(pk=root) | Q(first=root))
        .exclude(document__state=DocumentState.SUPERSEDED)
        .annotate(
            away=east * east + north * north,
            outcome=Subquery(newest.values("outcome")[:1]),
            agreement=Subquery(newest.values("agreement")[:1]),
            code=Subquery(newest.values("code")[:1]),
        )
        .order_by("away", "-pk")
        .values_list("longitude", "latitude", "document__valid_from", "instant_edition", "outcome", "agreement", "code")[:MOST_ALIKE]
    )
    here = Point(opinion.longitude, opinion.latitude)
    return [LikeCase(measures.distance(here, Point(x, y)).metres, *rest) for x, y, *rest in rows]


# --- Consulted bodies --------------------------------------------------------------------------------------------------------


def consultations_of(case_id: int) -> list[Consultation]:
    """The consulted bodies of a case in their order; blocks and timeline of a page read them once.

    `silent_times` is how often one that is silent was so in the present month, as `silent_this_month` counts it; else None.
    """
    rows = with_letters(Consultation.objects.filter(opinion__case=case_id)).annotate(**_silence()).order_by("pk")
    return request_cache.get_or_set(("zoning.consultations", case_id), lambda: list(rows))


def unheard(opinion: Opinion) -> QuerySet[Consultation]:
    """Bodies that have not answered and whose deadline has not been found passed."""
    return opinion.consultations.filter(answer="", silent_at__isnull=True)


def unsafe(opinion: Opinion) -> QuerySet[Consultation]:
    """Bodies on health or safety that have not agreed: silent, not heard yet, or with an objection."""
    return opinion.consultations.filter(is_safety=True).exclude(answer__in=("no_objection", "conditions"))


# Questions that were put to a body; an objection has copies of those of its opinion, asked before it was filed.
_asked = Consultation.objects.exclude(opinion__case__service=OBJECTION, asked_at__lt=F("opinion__case__opened_at"))


def _month_begins() -> dt.datetime:
    return clock.start_of(clock.today().replace(day=1))


def silent_this_month(codes: Collection[str]) -> dict[str, int]:
    """How often each of these bodies fell silent in the present month, as `silence_by_month` counts it."""
    rows = _asked.filter(code__in=codes, silent_at__gte=_month_begins()).values("code").annotate(times=Count("pk"))
    return {row["code"]: row["times"] for row in rows}


def _silence() -> dict[str, Choose]:
    silent = _asked.filter(code=OuterRef("code"), silent_at__gte=_month_begins()).order_by().values("code").annotate(times=Count("pk"))
    return {"silent_times": Choose(When(silent_at__isnull=False, answer="", then=Subquery(silent.values("times"))))}


@dataclass(frozen=True)
class SilentMonth:
    """One body in one month: how often it was to answer, and how often it was silent."""

    month: dt.date
    name_ar: str
    name_en: str
    asked: int
    silent: int


def silence_by_month(most: int) -> Sequence[SilentMonth]:
    """The newest `most` lines of months and bodies, by the month in which a body fell silent, or else had to answer.

    A body is counted once it answered or was found silent: the letter to another one may still lie here.
    """
    rows = (
        _asked.filter(due_at__lte=clock.now())
        .filter(Q(silent_at__isnull=False) | Q(answered_at__isnull=False))
        .annotate(month=TruncMonth(Coalesce("silent_at", "due_at"), tzinfo=clock.KUWAIT))
        .values("month", "name_ar", "name_en")
        .annotate(asked=Count("pk"), silent=Count("silent_at"))
        .order_by("-month", "-silent", "name_en")[:most]
    )
    return [SilentMonth(row["month"].date(), row["name_ar"], row["name_en"], row["asked"], row["silent"]) for row in rows]


def is_unlike(outcome: str, alike: Sequence[LikeCase]) -> bool:
    """Whether an outcome differs from those of more than half of the similar opinions; False where there are none."""
    return 2 * sum(one.outcome != outcome for one in alike) > len(alike)


def has_conditions(opinion: Opinion) -> bool:
    """Whether a body agreed with conditions."""
    return opinion.consultations.filter(answer=BodyAnswer.CONDITIONS).exists()


def agreement(instant_outcome: str, outcome: str, *, has_conditions: bool = False) -> str:
    """How an outcome stands against the instant answer: `agrees`, `deviates`, or `completes` what it leaves open.

    It leaves open what it has no data for, and the conditions of bodies.
    """
    if instant_outcome == NO_DATA or (has_conditions and (instant_outcome, outcome) == (PERMITTED, CONDITIONAL)):
        return "completes"
    return "agrees" if outcome == instant_outcome else "deviates"


def limits_of(case: Case) -> RulebookEdition:
    """The periods by which a case is judged."""
    return rulebook.edition_of(LIMITS, case.editions, clock.day_of(case.opened_at))


# --- Registered with municipality.review -----------------------------------------------------------------------------------


def place_of(subject: str) -> QuerySet[Plot]:
    """The plot of a request for an opinion by its subject key, as `municipality.review.registry.OnPlot` asks for it."""
    rows = Plot.objects.filter(pk__in=Opinion.objects.filter(case__subject=subject).values("plot"))
    return rows.annotate(plot=F("number"), **{name: F(f"addresses__{name}") for name in ("street", "building", "paci_number")})


def on_plot(place: QuerySet[Any]) -> list[QuerySet[Any]]:
    """Queries of the subject keys of the opinions on the plot of a place; objections have the key of their opinion."""
    at_address = Q(plot__addresses__paci_number__in=place.values("paci_number"))
    found = (registry.of_plot(place, "plot__", "plot__number"), at_address)
    return [Opinion.objects.filter(there).values("case__subject") for there in found]
