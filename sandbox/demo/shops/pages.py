"""Public pages of shops: a published reply to a violation, and a correction that waits for an officer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.kernel import clock
from municipality.review import queries as review
from municipality.review.models import Assignment
from municipality.review.services import desk, queue
from sandbox.demo.loading import Loading
from sandbox.demo.platform.messages import mark_sent
from sandbox.demo.shops import scenarios
from shops.models import Reply, Shop
from shops.public_page import facts, services
from shops.registry import FindingFact, finding_of
from violations.models import Violation
from violations.states import ViolationState

REPLY_TEXT = "عولج السبب في اليوم نفسه، ودُرّب العاملون على ألا يتكرر، وسُدّدت الغرامة. يسعدنا أن يلاحظ زبائننا الفرق."
REASON = "اللوحة فوق الباب تحمل هذا الاسم منذ بداية الشهر."
REPLIED, PUBLISHED, ASKED = (dt.timedelta(minutes=minutes) for minutes in (120, 60, 30))  # before the anchor


def run(loading: Loading) -> str:
    with clock.at(loading.anchor - PUBLISHED):
        finding, holder, reader = _choice()
    with clock.at(loading.anchor - REPLIED):
        case = services.reply(finding=finding, person=holder, text=REPLY_TEXT)
    if reader is not None:
        with clock.at(loading.anchor - PUBLISHED):
            _publish(case, reader)
    with clock.at(loading.anchor - ASKED):
        _ask_correction(finding.shop, holder)
    mark_sent(loading)
    return f"{Reply.objects.filter(published_at__isnull=False).count()} reply beside a violation, 1 correction of a page that waits"


def _choice() -> tuple[FindingFact, User, User | None]:
    """A violation, the holder of its shop and an officer of its branch who can read the reply (None if there is none)."""
    choices = list(_replyable())
    busy = Assignment.objects.filter(on_desk=True, ended_at__isnull=True).values("officer")
    officers = User.objects.filter(groups__name="officer").exclude(pk__in=busy).order_by("login")
    readers = {officer.branch_id: officer for officer in officers if not review.is_absent(officer)}
    finding, holder, branch = next((choice for choice in choices if choice[2] in readers), choices[0])
    return finding, holder, readers.get(branch)


def _replyable() -> Iterator[tuple[FindingFact, User, str]]:
    """Public paid violations, newest first, with the holder and the branch of the shop."""
    rows = Violation.objects.filter(state=ViolationState.PAID, shop__owner__isnull=False, shop__closed_on__isnull=True)
    for row in rows.select_related("shop__owner").order_by("-seen_at", "-pk"):
        finding = finding_of(row.key)
        if finding is not None and row.shop is not None and row.shop.owner is not None:
            yield finding, row.shop.owner, row.shop.branch_id


def _publish(case: Case, officer: User) -> None:
    """Publish a reply: two supervisors let an officer take it out of order."""
    supervisor = User.objects.filter(groups__name="supervisor", branch=case.branch).order_by("login")[0]
    second = User.objects.filter(groups__name="supervisor").exclude(pk=supervisor.pk).order_by("login")[0]
    queue.allow_override(override=queue.ask_override(place=case.place, code="court_order", asked_by=supervisor), allowed_by=second)
    assignment = queue.next_case(officer=officer)
    if assignment is None or assignment.place.case_id != case.pk:
        raise LookupError(f"{officer.login} was handed another case than the reply")
    desk.check_all(assignment=assignment, answers={question.code: "yes" for question in review.questions(case)})
    desk.accept(assignment=assignment)


def _ask_correction(excluded_id: int, person: User) -> None:
    """Ask for a correction of the trade name on the page of a shop."""
    scenario_licences = [place.commercial_license_no for place in scenarios.placed()]
    shops = Shop.objects.filter(owner__isnull=True, closed_on__isnull=True).exclude(commercial_license_no__in=scenario_licences)
    shop = shops.exclude(pk=excluded_id).select_related("branch").order_by("pk")[0]
    before = facts.read(shop, "trade_name")
    names = {"name_ar": f"{before['name_ar']} الجديد", "name_en": f"New {before['name_en']}"}
    services.ask_correction(shop=shop, person=person, fact="trade_name", proposed=names, why=REASON)
