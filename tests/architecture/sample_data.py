"""Sample data of the architecture tests, made by the services: two people with everything a person can have here, and staff.

Built once for a module, or for the modules of ONE_SAMPLE in a row, inside one transaction that is rolled back at their end; each test
runs in a savepoint of its own.
A module that uses it needs the mark `django_db`.
"""

from __future__ import annotations

import datetime as dt
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core import mail
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client, override_settings

from licensing.health import services as licensing
from licensing.health.queries import offer
from licensing.models import HealthLicence, Renewal, RenewalBatch, WorkerCertificate
from municipality.accounts.models import Organisation, Signatory, User, actor_of
from municipality.audit.models import AccessLogEntry, AuditEvent
from municipality.audit.services import log_access
from municipality.cases.models import Case, Feedback
from municipality.cases.roles import ensure_roles
from municipality.cases.services import give_feedback
from municipality.documents import seal
from municipality.documents import services as documents
from municipality.documents.models import Document, SealToken
from municipality.jobs import services as jobs
from municipality.jobs.models import Job, JobState
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.ids import public_id
from municipality.kernel.transitions import transition
from municipality.notifications.models import Delivery, Letter, Message, NotReached
from municipality.notifications.services import mark_failed
from municipality.places.seeds import load_places
from municipality.rulebook import queries
from municipality.rulebook.models import RuleSet
from municipality.rulebook.seeds import load_activities, seed
from payments import services as payments
from payments.models import Attempt, Bill, GatewayMessage, Receipt, RefundDue
from shops.models import Shop
from tests import softkey
from tests.architecture import (
    board_data,
    commercial_register_data,
    delegation_data,
    holder_data,
    incidents_data,
    inspection_data,
    licensing_data,
    new_licence_data,
    open_data_sample,
    opinion_data,
    payments_data,
    plot_files_data,
    register_data,
    register_office_data,
    report_data,
    reporter_data,
    shop_page_data,
    staff_data,
    upload_data,
    violation_data,
    zoning_data,
)
from tests.bank import Bank, Book, notification
from tests.browsers import signed_in
from tests.desk_acts import assigned, checked
from tests.factories.accounts import SALIM, OrganisationFactory, PersonFactory, StaffFactory, UserFactory
from tests.factories.licensing import LicensedShopFactory, RenewalCaseFactory
from tests.factories.review import SkillFactory
from tests.factories.workers import worker
from tests.published_rules import read_editions

NOON = dt.datetime(2026, 11, 24, 9, 0, tzinfo=dt.UTC)
SIGNED_IN = (
    *("owner", "stranger", "former", "newcomer", "officer", "auditor", "supervisor", "operator", "maker", "publisher"),
    *("cashier", "checker", "halfway"),
    *("delegate", "former_delegate", "offered", "boss", "counter", "inspector", "clerk", "authority", "court"),
    *("registrar", "keeper", "plotter", "planner", "asker", "intake"),
)
SETTINGS = {"PAYMENT_PROVIDER": "tests.bank.Bank", "SMS_BACKEND": f"{__name__}.SmsTray"}


class SmsTray:
    """A gateway that keeps what it is given."""

    sent: ClassVar[list[tuple[str, str]]] = []  # number, text

    def send(self, to: str, text: str, idempotency_key: str) -> str:
        self.sent.append((to, text))
        return f"tray-{len(self.sent)}"


@dataclass
class Belongings:
    """What one person has: a shop to renew, a request that waits for money, one that was paid and issued."""

    person: User
    shop: Shop
    waiting: Case
    due: Bill
    issued: Case
    paid: Bill
    attempt: Attempt
    receipt: Receipt
    licence: HealthLicence
    message: Message


@dataclass
class Sample:
    owner: Belongings
    stranger: Belongings
    officer: User  # of the branch, decides health licences, has `studied` on the desk
    auditor: User
    supervisor: User
    operator: User
    maker: User
    publisher: User
    editions: dict[tuple[Any, ...], queries.RulebookEdition]  # as a process that has served pages holds them
    cashier: User
    checker: User
    former: User  # signed for the organisation until yesterday
    newcomer: User  # has nothing, and no confirmed address
    organisation: Organisation
    organisation_shop: Shop
    organisation_shop_document: Document
    draft: RuleSet
    dead_job: Job
    seal_token: SealToken
    passkey: Authenticator
    fee: int  # fils, of the owner's renewal
    case_type: int
    act: AuditEvent
    look: AccessLogEntry
    delivery: Delivery
    failed_delivery: Delivery
    not_reached: NotReached
    gateway_message: GatewayMessage
    other_session: UserSession = field(init=False)
    studied: Case = field(init=False)  # a changed shop of the owner
    refund: RefundDue = field(init=False)  # owed to the owner
    files: upload_data.Files = field(init=False)
    grants: delegation_data.DelegationRows = field(init=False)
    staff_rows: staff_data.StaffRows = field(init=False)
    incidents: incidents_data.IncidentRows = field(init=False)
    feedback: Feedback = field(init=False)  # of the owner, about the issued request
    money: payments_data.MoneyRows = field(init=False)
    fines: violation_data.Fines = field(init=False)
    register: register_data.Register = field(init=False)
    sheets: register_office_data.Sheets = field(init=False)
    page: shop_page_data.PageRows = field(init=False)
    commercial: commercial_register_data.Commercial = field(init=False)
    open: open_data_sample.OpenRows = field(init=False)
    zoning: zoning_data.PlotRows = field(init=False)
    plots: plot_files_data.PlotFiles = field(init=False)
    opinions: opinion_data.OpinionRows = field(init=False)
    letter: Letter = field(init=False)  # to a consulted body without an address
    boards: board_data.BoardRows = field(init=False)
    worker: WorkerCertificate = field(init=False)  # of the owner's shop
    batch: RenewalBatch = field(init=False)  # of the owner, finished, with one line that was refused
    inspections: inspection_data.InspectionRows = field(init=False)
    holders: holder_data.HolderRows = field(init=False)
    reports: report_data.ReportRows = field(init=False)
    reporters: reporter_data.ReporterRows = field(init=False)
    new: new_licence_data.NewLicenceRows = field(init=False)
    sessions: dict[str, str] = field(default_factory=dict)
    mails: list[tuple[str, str, str]] = field(default_factory=list)  # address, subject, body
    html_mails: list[str] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)  # number, text
    _handlers: dict[Any, Any] = field(default_factory=dict)

    def client(self, who: str, **options: Any) -> Client:
        """A browser of `nobody`, of a person or of staff; `halfway` is the auditor by password alone."""
        client = Client(**options)
        # Each browser would make all the middleware anew.
        kind = client.handler.enforce_csrf_checks, *settings.MIDDLEWARE
        client.handler = self._handlers.setdefault(kind, client.handler)
        if who in self.sessions:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[who]
        return client

    def _sign_in(self, who: str) -> str:
        if who == "halfway":
            half = Client()
            half.force_login(self.auditor, backend="municipality.accounts.backends.StaffBackend")
            return str(half.session.session_key)
        own = getattr(self, who, None) or getattr(self.grants, who, None)
        others = (self.sheets, self.opinions, self.plots, self.reporters)
        user = own or next((found for rows in others if (found := getattr(rows, who, None))), None) or getattr(self.fines, who)
        return str(signed_in(user.person if isinstance(user, Belongings) else user).session.session_key)

    def open_doors(self) -> None:
        """Sign everybody in; the owner also at another device."""
        for who in SIGNED_IN:
            self.sessions[who] = self._sign_in(who)
        self.other_session = UserSession.objects.create(
            user=self.owner.person, session_key=self._sign_in("owner"), ip="127.0.0.1", user_agent="Mozilla/5.0 (Android 15) Firefox/140.0"
        )


def build() -> Sample:
    """Make the sample. The clock must stand at NOON and SETTINGS be in force."""
    Bank.book = Book()
    seal.make_seal(Path(settings.SIGNER_KEY_FILE), settings.SIGNER_PASSPHRASE)
    load_places()
    load_activities()
    ensure_roles()
    maker, publisher = _staff("rule_maker"), _staff("rule_publisher")
    seed(maker, publisher)
    queries._editions.update(read_editions())
    mail.outbox = []
    SmsTray.sent.clear()
    owner = _belongings(PersonFactory(civil_id=SALIM), 1)
    stranger = _belongings(PersonFactory(noura=True, language="en"), 4)
    organisation = OrganisationFactory(name_ar="شركة الخليج", name_en="Gulf Company", commercial_register_no="77001")
    shared = shop_of(None, 9, organisation=organisation)
    _superseded()
    former = _former(organisation)
    sample = Sample(
        owner=owner,
        stranger=stranger,
        officer=_staff("officer"),
        auditor=_staff("auditor"),
        supervisor=_staff("supervisor"),
        operator=_staff("operator"),
        maker=maker,
        publisher=publisher,
        editions=dict(queries._editions),
        cashier=_staff("cashier"),
        checker=_staff("finance_checker"),
        former=former,
        newcomer=UserFactory(name_ar="بدر", name_en="Bader", login="newcomer"),
        organisation=organisation,
        organisation_shop=shared,
        organisation_shop_document=HealthLicence.objects.get(shop=shared).document,
        draft=_draft(maker),
        dead_job=Job.objects.create(
            kind="payments.sweep", key="gone", queue="bulk", args={}, state=JobState.DEAD, due_at=NOON, created_at=NOON, finished_at=NOON
        ),
        seal_token=SealToken.objects.create(
            key="0" * 64,
            token="portal",
            key_label="seal",
            state="pin_refused",
            detail="PinIncorrect",
            pin_refused_at=NOON,
            since=NOON,
            seen_at=NOON,
        ),
        passkey=softkey.kept_by(owner.person, "هاتفي"),
        fee=offer(owner.shop).total,
        case_type=ContentType.objects.get_for_model(Case).pk,
        act=AuditEvent.objects.order_by("pk")[0],
        look=_looked(publisher, owner),
        delivery=Delivery.objects.order_by("pk")[0],
        failed_delivery=_failed(former),
        not_reached=NotReached.objects.get_or_create(
            message=Message.objects.get(key="failed"), defaults={"cause": "failed", "since": NOON}
        )[0],
        gateway_message=GatewayMessage.objects.filter(attempt=owner.attempt).order_by("pk")[0],
    )
    softkey.kept_by(sample.officer, "مفتاح المكتب")
    sample.files = upload_data.fill(sample)
    sample.studied = _studied(sample)
    sample.refund = licensing_data.refund(sample)
    sample.feedback = give_feedback(
        subject=owner.issued.key, service=owner.issued.service, person=owner.person, ease=4, text="الدفع سهل والانتظار طويل"
    )
    sample.grants = delegation_data.fill(sample)
    sample.staff_rows = staff_data.fill(sample)
    sample.incidents = incidents_data.fill(sample)
    sample.money = payments_data.fill(sample)
    sample.fines = violation_data.fill(sample)
    sample.register = register_data.fill()
    sample.sheets = register_office_data.fill()
    sample.page = shop_page_data.fill(sample)
    sample.commercial = commercial_register_data.fill(sample.sheets.keeper)
    sample.open = open_data_sample.fill(sample)
    sample.zoning = zoning_data.fill()
    sample.plots = plot_files_data.fill(owner.person, sample.zoning.plot)
    sample.opinions = opinion_data.fill(sample)
    sample.letter = Letter.objects.order_by("pk")[0]
    sample.boards = board_data.fill(sample)
    sample.worker = worker(owner.shop, ends_in=10)
    sample.batch = licensing_data.batch(owner.person, owner.shop)
    sample.new = new_licence_data.fill(sample)
    sample.inspections = inspection_data.fill(sample)  # its newest is an inspection of a shop
    sample.holders = holder_data.fill(sample)
    sample.reports = report_data.fill(sample)
    sample.reporters = reporter_data.fill(sample)
    sample.open_doors()
    sample.mails = [(str(m.to[0]), str(m.subject), str(m.body)) for m in mail.outbox]
    sample.html_mails = [str(part[0]) for m in mail.outbox for part in m.alternatives]  # type: ignore[attr-defined]
    sample.texts = list(SmsTray.sent)
    return sample


def _looked(viewer: User, at: Belongings) -> AccessLogEntry:
    log_access(viewer=actor_of(viewer), person_key=at.person.key, subject=at.waiting.key, purpose="audit")
    return AccessLogEntry.objects.get()


def _failed(person: User) -> Delivery:
    """A message whose every try failed on its channel."""
    message = Message.objects.order_by("pk")[0]
    message.pk, message.public_id, message.person, message.key = None, public_id(), person, "failed"
    message.save()
    delivery = Delivery.objects.create(message=message, channel="sms")
    mark_failed(delivery_id=delivery.pk)
    delivery.refresh_from_db()
    return delivery


def _staff(role: str) -> User:
    return StaffFactory(groups=[role], branch_id="HA")


def _studied(sample: Sample) -> Case:
    """A renewal with a change, assigned to the officer, its checklist answered, and nothing else in the queue."""
    SkillFactory(officer=sample.officer, given_by=sample.supervisor)
    case = RenewalCaseFactory(shop=shop_of(sample.owner.person, 8), applicant=sample.owner.person, changed=["area_m2"])
    assert checked(assigned(sample.officer)).place.case_id == case.pk
    return Case.objects.get(pk=case.pk)


def _former(organisation: Organisation) -> User:
    user = UserFactory(name_ar="فهد الشمري", name_en="Fahad Al-Shammari", login="former")
    today = clock.today()
    Signatory.objects.create(
        organisation=organisation, person=user, first_day=today - dt.timedelta(days=400), last_day=today - dt.timedelta(days=1)
    )
    return user


def shop_of(owner: User | None, number: int, *, ends_in: int | None = 20, **facts: Any) -> Shop:
    """A shop of a municipal activity, whose licence, carried over from paper, ends in twenty days; each keyword changes one fact."""
    return LicensedShopFactory(owner=owner, ends_in=ends_in, __sequence=number, **facts)


def _belongings(person: User, number: int) -> Belongings:
    plain, waits, done = (shop_of(person, number + i) for i in range(3))
    waiting = licensing.submit_renewal(shop=waits, applicant=person)
    issued = licensing.submit_renewal(shop=done, applicant=person)
    paid = Bill.objects.get(subject=issued.key)
    attempt = payments.start_attempt(bills=[paid], payer=person, language=person.language, session_key=f"session-{number}")
    payments.redirect_url(attempt)
    entry = Bank.book.decide(attempt)
    payments.take_notification(
        body=f"trandata={notification(attempt, payment_id=entry.payment_id)}".encode(), query={}, remote_addr="127.0.0.1"
    )
    with clock.at(NOON + dt.timedelta(minutes=1)):
        _work()
    with clock.at(NOON + dt.timedelta(minutes=12)):
        _work()
    issued = Case.objects.get(pk=issued.pk)
    renewal = Renewal.objects.select_related("new_licence__document").get(case=issued)
    assert issued.state == "issued" and renewal.new_licence is not None, _trouble()
    receipt = Receipt.objects.select_related("document").get(bill=paid)
    assert receipt.document is not None and receipt.document.state == "active", _trouble()
    return Belongings(
        person=person,
        shop=plain,
        waiting=Case.objects.get(pk=waiting.pk),
        due=Bill.objects.get(subject=waiting.key),
        issued=issued,
        paid=Bill.objects.get(pk=paid.pk),
        attempt=Attempt.objects.get(pk=attempt.pk),
        receipt=receipt,
        licence=renewal.new_licence,
        message=Message.objects.filter(person=person).order_by("pk")[0],
    )


def _superseded() -> None:
    """A paper of long ago and the one that took its place."""
    papers = []
    for number in ("HLT-HA-2020-000001-X", "HLT-HA-2021-000001-X"):
        paper = documents.draft(kind="health_licence", number=number, subject="shop:gone", holder_key="")
        transition(paper, "carry_over", actor=system("tests"))
        papers.append(paper)
    documents.supersede(papers[0], by=papers[1], actor=system("tests"))


def _work() -> None:
    """What is due now, as the worker would do it, until nothing is."""
    tried: set[int] = set()
    while due := [pk for pk, _queue in jobs.due() if pk not in tried]:
        for pk in due:
            tried.add(pk)
            jobs.run(pk)


def _trouble() -> str:
    rows = Job.objects.exclude(state=JobState.DONE).exclude(last_error="")
    return "\n".join(f"{job.kind}: {job.last_error}" for job in rows)


def _draft(maker: User) -> RuleSet:
    published = RuleSet.objects.filter(subject="limits.health", published_at__isnull=False).order_by("pk")[0]
    return RuleSet.objects.create(
        subject=published.subject,
        version=99,
        instrument_ar=published.instrument_ar,
        instrument_en=published.instrument_en,
        first_day=clock.today() + dt.timedelta(days=60),
        made_by=maker,
        made_at=clock.now(),
    )


_under_way: list[tuple[Sample, ExitStack]] = []


@pytest.fixture(scope="module", name="built")
def built_sample(django_db_setup: None, django_db_blocker: Any) -> Sample:
    """The sample of a module, or of the modules in a row that share one; conftest.py ends it."""
    if not _under_way:
        with ExitStack() as stack:
            stack.enter_context(django_db_blocker.unblock())
            stack.enter_context(override_settings(**SETTINGS))
            stack.enter_context(clock.at(NOON))
            stack.enter_context(transaction.atomic())
            stack.callback(transaction.set_rollback, True)
            _under_way.append((build(), stack.pop_all()))
    return _under_way[0][0]


def undo_sample() -> None:
    """Undo the sample."""
    while _under_way:
        _under_way.pop()[1].close()


@pytest.fixture(name="sample")
def one_sample(built: Sample, db: None) -> Sample:
    """The sample as it was built: what a test does to it is undone after the test, and what it counted in the cache before."""
    cache.clear()
    connection.run_on_commit.clear()  # the sample is never committed, and each savepoint's end would look through what waits for it
    queries._editions.update(built.editions)
    return built
