"""The life of payments as a game against the real services: any step at any time, and after each of them the books are whole."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import connection, transaction
from django.test import RequestFactory
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from municipality.jobs.models import Job
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from payments import invariants, links, pages, rules, services
from payments.models import Allocation, Attempt, AttemptEvent, Bill, BillEvent, GatewayMessage, RefundDue, RefundEvent
from payments.providers.knet import codec
from payments.services import inquiries, reviews
from payments.services.returns import remaining_of
from payments.states import AT_BANK, OPEN, UNPAID, AttemptState, BillState, RefundState
from payments.views.gateway import response as notification_view
from tests.bank import KEY, result_text
from tests.due_jobs import run_due
from tests.factories.payments import BillFactory, bill_line
from tests.payments.conftest import START
from tests.payments.machine_steps import BOOST, FAR, OPENING, PASSED_BY, POINTS, STEPS, THEMES, Killed, World, step
from tests.payments.model_bank import DAYS, REFUND_DAYS, REFUSALS, TAKEN, ModelBank, Vault

BY = system("tests")
FORM = "application/x-www-form-urlencoded"
ANY = st.integers(0, 11)
RARELY = st.sampled_from([False] * 4 + [True])
QUIET = ("SELECT", 'INSERT INTO "payments_gatewaymessage"', 'INSERT INTO "payments_inquiry"')
LAST = len(rules.SCHEDULE_MINUTES)
JOB_KINDS = (
    *("payments.inquire", "payments.hand_over", "payments.confirm", "payments.tell_void"),
    *("payments.send_refund", "payments.ask_refund"),
)
MOST_BILLS, MOST_ATTEMPTS, MOST_DEATHS = 3, 6, 2
NOTICES = ("true", "forged", "twice", "of_another", "reflected", "noise", "wrong_amount", "wrong_id", "error")


class Payments(RuleBasedStateMachine):
    """One example: a few bills, the attempts to pay them, the refunds of them. Everything is undone at its end."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.vault = ModelBank.vault = Vault()
        self.armed, self.deaths = "", 0
        self.favoured: tuple[str, ...] = ()
        self.refuses = False
        self.is_whole = True
        self.walked: set[tuple[str, str, str, str]] = set()
        self.trace: list[str] = []  # what was played, for who reads of a break
        self.writes = 1
        self.block = transaction.atomic()
        self.block.__enter__()
        self.watch = connection.execute_wrapper(self._count)
        self.watch.__enter__()
        self.refresh()

    def teardown(self) -> None:
        try:
            if self.is_whole:
                self.finish()
        finally:
            self.watch.__exit__(None, None, None)
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)
            self.world.games += 1
            self.world.walked.update(self.walked)

    def _count(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        # Messages and inquiries are only added, and what rests on them is written after them: alone they break nothing.
        self.writes += "payments_" in sql and not sql.startswith(QUIET)
        return execute(sql, params, many, context)

    def point(self, name: str) -> None:
        """Stands for `failpoint` in every module of the path."""
        if name == self.armed:
            self.armed = ""
            self.deaths += 1
            self.world.deaths.add(name)
            raise Killed(name)

    def takes(self, _bill_id: int) -> None:
        """The service whose bill was paid."""
        if self.refuses:
            self.refuses = False
            raise Refused("too_late", "The service refuses.")

    def refresh(self) -> None:
        """What there is now, for the preconditions."""
        self.bills = list(Bill.objects.order_by("pk"))
        self.attempts = list(Attempt.objects.order_by("pk"))
        self.refunds = list(RefundDue.objects.order_by("pk"))

    def attempt(self, number: int, *wanted: str) -> Attempt:
        """One of the attempts in the wanted states, the newest for 0."""
        found = [a for a in self.attempts if not wanted or a.state in wanted]
        return found[-1 - number % len(found)]

    def refund(self, number: int, *wanted: str) -> RefundDue:
        found = [r for r in self.refunds if r.state in wanted]
        return found[-1 - number % len(found)]

    def has(self, *wanted: str) -> bool:
        return any(a.state in wanted for a in self.attempts)

    def owes(self, *wanted: str) -> bool:
        return any(r.state in wanted for r in self.refunds)

    @initialize(theme=st.sampled_from(sorted(THEMES)), far=st.sampled_from(FAR), count=st.sampled_from([1, 1, 2]), by_hand=st.booleans())
    def begins(self, theme: str, far: int, count: int, by_hand: bool) -> None:
        """What this game is about, and how far it is: the steps of a refund follow each other too seldom by chance alone."""
        self.favoured = THEMES[theme]
        self.trace.append(f"about {theme}, {far} steps on, {count} bills, by hand: {by_hand}")
        for name, drawn in OPENING[:far]:
            more = {"start": {"count": count}, "propose": {"by_hand": by_hand}}.get(name, {})
            getattr(self, name)(**drawn, **more)
            self.refresh()

    @rule(data=st.data())
    def happens(self, data: Any) -> None:
        """One step of those that make sense now."""
        self.is_whole = False
        able = [s for s in STEPS.values() if s.when(self)]
        names = [s.name for s in able for _ in range(s.weight * (BOOST if s.name in self.favoured else 1))]
        name = data.draw(st.sampled_from(names), label="step")
        drawn = {key: data.draw(strategy, label=key) for key, strategy in STEPS[name].given.items()}
        self.trace.append(f"{self.now - START} {name} {drawn}")
        getattr(self, name)(**drawn)

    # The person

    @step(
        4,
        lambda self: len(self.attempts) < MOST_ATTEMPTS,
        fils=st.sampled_from([1, 250, 10_000]),
        count=st.sampled_from([1, 1, 1, 2]),
        any_bill=st.sampled_from([False] * 4 + [True]),
        leaves=st.sampled_from([True] * 5 + [False]),
    )
    def start(self, fils: int, count: int, any_bill: bool, leaves: bool) -> None:
        held = set(Allocation.objects.filter(is_open=True).values_list("bill_id", flat=True))
        bills = [b for b in self.bills if any_bill or (b.state == BillState.DUE and b.pk not in held)][-count:]
        while len(bills) < count and len(self.bills) < MOST_BILLS:
            bills.append(self._issue(fils))
            self.bills.append(bills[-1])
        if not bills:
            return
        attempt = services.start_attempt(bills=bills, payer=self.world.payer, language="ar", session_key="s")
        assert not any(b.state != BillState.DUE for b in bills), "a bill that is not due was begun to be paid"
        if leaves:
            self._leave(attempt)

    def _issue(self, fils: int) -> Bill:
        lines = [bill_line(fils), bill_line(fils + 5, "second", rules.DEPOSITS)]
        return BillFactory(subject=f"case:{len(self.bills)}", payer=self.world.payer, lines=lines)

    def _leave(self, attempt: Attempt) -> None:
        was_new = Attempt.objects.get(pk=attempt.pk).state == AttemptState.CREATED
        url = services.redirect_url(attempt)
        if was_new:
            assert url.startswith("https://bank.example.test/")
            self.vault.deal(attempt)

    @step(1, lambda self: self.attempts, number=ANY)
    def leave(self, number: int) -> None:
        self._leave(self.attempt(number))

    @step(1, lambda self: self.attempts, number=ANY)
    def look(self, number: int) -> None:
        """The browser comes back: the page says what the books say, whatever the address."""
        attempt = Attempt.objects.get(pk=self.attempt(number).pk)
        page = pages.page_of(attempt, is_owner=True)
        owed = attempt.allocations.filter(bill__state=BillState.REFUND_DUE).exists()
        assert (page.text is pages.STATUS_TEXTS[AttemptState.PAID]) <= (attempt.state == AttemptState.PAID and not owed)
        assert page.text.tag != "ok" or attempt.state in (AttemptState.PAID, AttemptState.REFUNDED)

    @step(1, lambda self: self.has(*OPEN), number=ANY)
    def give_up(self, number: int) -> None:
        services.give_up(attempt=self.attempt(number, *OPEN), payer=self.world.payer)

    @step(1, lambda self: self.has(*AT_BANK), number=ANY, by_owner=st.booleans())
    def error_page(self, number: int, by_owner: bool) -> None:
        query = {"Error": "IPAY0100048", "trackid": self.attempt(number, *AT_BANK).trackid}
        services.note_error(query=query, remote_addr="192.0.2.1", person=self.world.payer if by_owner else None)

    # The bank

    @step(
        6, lambda self: any(not d.result for d in self.vault.deals.values()), result=st.sampled_from([TAKEN, TAKEN, *REFUSALS]), number=ANY
    )
    def decide(self, result: str, number: int) -> None:
        waiting = [d for d in self.vault.deals.values() if not d.result]
        waiting[-1 - number % len(waiting)].result = result

    @step(3, lambda self: any(d.result in REFUSALS for d in self.vault.deals.values()), number=ANY)
    def capture_late(self, number: int) -> None:
        """The bank took the money after all."""
        refused = [d for d in self.vault.deals.values() if d.result in REFUSALS]
        if refused:
            refused[-1 - number % len(refused)].result = TAKEN

    @step(2, lambda self: self.has(AttemptState.VOIDED), number=ANY)
    def ask_for_a_difference(self, number: int) -> None:
        """Staff ask about a payment that the bank reversed and lists all the same."""
        services.inquire(attempt_id=self.attempt(number, AttemptState.VOIDED).pk, why=inquiries.DIFFERENCE, turn=99)

    @step(5, lambda self: any(d.holds for d in self.vault.deals.values()), number=ANY)
    def reverse(self, number: int) -> None:
        """The bank takes a payment back, before it was asked for the last time."""
        asked = set(Job.objects.filter(kind="payments.confirm", state="done").values_list("args__attempt_id", flat=True))
        may = (*OPEN, *UNPAID, AttemptState.PAID)
        open_still = {a.trackid for a in self.attempts if a.state in may and a.pk not in asked}
        found = [d for track, d in self.vault.deals.items() if d.holds and track in open_still and not d.sent]
        if found:
            found[-1 - number % len(found)].result = REFUSALS[0]

    @step(4, lambda self: self.vault.deals, number=ANY, kind=st.sampled_from(NOTICES))
    def notify(self, number: int, kind: str) -> None:
        """A notification, true or not: one line is the answer, and nothing but "being checked" follows from it."""
        attempt = self.attempt(number)
        body, is_read = self._notice(attempt, kind)
        before = dict(Attempt.objects.values_list("pk", "state"))
        for _ in range(2 if kind == "twice" else 1):
            answer = notification_view(RequestFactory().post("/pay/knet/response", body, content_type=FORM))
            token = attempt.token if is_read else links.UNKNOWN
            assert (answer.status_code, answer.content.decode()) == (200, f"REDIRECT=https://portal.example.test/pay/r/{token}")
        for pk, state in Attempt.objects.values_list("pk", "state"):
            assert state == before[pk] or (before[pk], state) == (AttemptState.REDIRECTED, AttemptState.CONFIRMING)

    def _notice(self, attempt: Attempt, kind: str) -> tuple[str, bool]:
        """The body, and whether it is read as one about an attempt of ours."""
        deal = self.vault.deals.get(attempt.trackid)
        if kind == "reflected":
            sent = GatewayMessage.objects.filter(attempt=attempt, kind="init").first()
            return (sent.raw, False) if sent else ("00" * 32, False)
        if kind == "noise":
            return "5A" * 64, False
        if kind == "error":
            return f"Error=IPAY0100038&trackid={attempt.trackid}", False
        if kind == "of_another":
            deal = next((d for track, d in self.vault.deals.items() if track != attempt.trackid), deal)
        result = TAKEN if kind == "forged" or deal is None else deal.result or TAKEN
        claims: dict[str, str] = {"payment_id": deal.payment_id if deal and kind != "wrong_id" else "999"}
        if kind == "wrong_amount":
            claims["amt"] = "9999.999"
        return codec.encrypt(KEY, result_text(attempt, result.removeprefix("FAILURE(").rstrip(")"), **claims)).upper(), True

    # The worker

    @step(
        8,
        lambda self: self.has(*AT_BANK, *UNPAID),
        number=ANY,
        day=st.sampled_from(["true"] * 8 + list(DAYS)),
        is_last=st.sampled_from([False] * 5 + [True]),
    )
    def ask(self, number: int, day: str, is_last: bool) -> None:
        """An inquiry, at any moment and however the bank answers."""
        self.vault.day = day
        try:
            services.inquire(attempt_id=self.attempt(number, *AT_BANK, *UNPAID).pk, step=LAST if is_last else 0, turn=99)
        finally:
            self.vault.day = "true"

    @step(
        6,
        minutes=st.sampled_from([0.1, 1, 3, 13, 16, 31]),
        day=st.sampled_from(["true"] * 5 + ["down", "not_found", "odd"]),
        refund_day=st.sampled_from(["done", *REFUND_DAYS]),
    )
    def pass_time(self, minutes: float, day: str, refund_day: str) -> None:
        self.now += dt.timedelta(minutes=minutes)
        self.work(day=day, refund_day=refund_day)

    @step(9, lambda self: self.owes(RefundState.APPROVED), refund_day=st.sampled_from(REFUND_DAYS))
    def pay_out(self, refund_day: str) -> None:
        """Time enough that an approved refund is sent, and the bank has one of its days."""
        self.now += dt.timedelta(minutes=13)
        self.work(day="true", refund_day=refund_day)

    def work(self, day: str, refund_day: str) -> None:
        self.vault.day, self.vault.refund_day = day, refund_day
        try:
            with clock.at(self.now):
                inquiries.sweep()  # as every minute
                run_due(JOB_KINDS)
        finally:
            self.vault.day, self.vault.refund_day = "true", "done"

    @step(1, lambda self: Job.objects.filter(kind="payments.confirm", state="queued").exists(), hours=st.sampled_from([1, 1, 1, 3]))
    def outage(self, hours: int) -> None:
        """The bank says nothing for so long that the confirming inquiry uses up its tries."""
        for _round in range(9 * hours):
            self.now += dt.timedelta(minutes=11)
            self.work(day="down", refund_day="dropped")

    @step(2, lambda self: not self.armed and self.deaths < MOST_DEATHS, point=st.sampled_from(POINTS), number=ANY)
    def arm(self, point: str, number: int) -> None:
        """The process that comes to this point next dies there; mostly one that a waiting job will pass."""
        waiting = Job.objects.filter(state="queued", kind__in=set(PASSED_BY.values())).order_by("kind")
        kinds = list(waiting.values_list("kind", flat=True).distinct())
        if kinds and number > 2:
            kind = kinds[number % len(kinds)]
            near = [near for near, passed_by in PASSED_BY.items() if passed_by == kind]
            point = near[POINTS.index(point) % len(near)]
        self.armed = point

    # Services and staff

    @step(1)
    def service_refuses_next(self) -> None:
        self.refuses = True

    @step(4, lambda self: any(b.state == BillState.PAID for b in self.bills), number=ANY)
    def owe_back(self, number: int) -> None:
        paid = [b for b in self.bills if b.state == BillState.PAID]
        services.owe_back(bill=paid[-1 - number % len(paid)], reason="shop_closed", actor=BY)

    @step(3, lambda self: any(b.state == BillState.PAID for b in self.bills), number=ANY)
    def owe_deposit(self, number: int) -> None:
        paid = [b for b in self.bills if b.state == BillState.PAID]
        line = paid[-1 - number % len(paid)].lines.get(revenue_account=rules.DEPOSITS)
        services.owe_deposit(line=line, reason="board_ended", actor=BY)

    @step(1, lambda self: any(b.state == BillState.DUE for b in self.bills), number=ANY)
    def void_bill(self, number: int) -> None:
        services.void_bill(bill=self.bills[-1 - number % len(self.bills)], actor=BY)

    @step(
        9,
        lambda self: self.owes(RefundState.DUE),
        number=ANY,
        by_hand=st.booleans(),
        stale=st.sampled_from([0] * 5 + [1]),
        is_both=RARELY,
    )
    def propose(self, number: int, by_hand: bool, stale: int, is_both: bool) -> None:
        refund = self.refund(number, RefundState.DUE)
        services.propose_refund(
            refund=refund,
            proposed_by=self.world.both if is_both else self.world.cashier,
            code="service_refused",
            way="by_hand" if by_hand else "gateway",
            remaining_fils=remaining_of(refund) + stale,
            bank_reference="BANK-7781" if by_hand else "",
        )
        assert not stale, "a proposal on a page that was out of date"

    @step(1, lambda self: self.owes(RefundState.PROPOSED), number=ANY)
    def send_back(self, number: int) -> None:
        services.send_back_refund(refund=self.refund(number, RefundState.PROPOSED), checker=self.world.checker)

    @step(9, lambda self: self.owes(RefundState.PROPOSED), number=ANY, stale=st.sampled_from([0] * 5 + [-1]), is_both=RARELY)
    def approve(self, number: int, stale: int, is_both: bool) -> None:
        refund = self.refund(number, RefundState.PROPOSED)
        person = self.world.both if is_both else self.world.checker
        services.approve_refund(refund=refund, approved_by=person, remaining_fils=remaining_of(refund) + stale)
        assert not stale and refund.proposed_by_id != person.pk, "money went out on one person's word or on an old page"

    @step(6, lambda self: self.owes(RefundState.UNKNOWN), number=ANY, is_both=RARELY)
    def look_up(self, number: int, is_both: bool) -> None:
        """Somebody looks into the bank's own records, and finds what is there."""
        refund = self.refund(number, RefundState.UNKNOWN)
        found = self._went_out(refund)
        person = self.world.both if is_both else self.world.cashier
        services.look_up_refund(refund=refund, found_by=person, is_paid=found, bank_reference="BANK-9" if found else "")

    def _went_out(self, refund: RefundDue) -> bool:
        out = RefundDue.objects.filter(attempt=refund.attempt_id, state=RefundState.PAID_OUT, way="gateway")
        return self.vault.deals[refund.attempt.trackid].returned == sum(out.values_list("fils", flat=True)) + refund.fils

    @step(6, lambda self: self.owes(RefundState.LOOKED_UP), number=ANY, agrees=st.sampled_from([True, True, False]), is_both=RARELY)
    def confirm_finding(self, number: int, agrees: bool, is_both: bool) -> None:
        refund = self.refund(number, RefundState.LOOKED_UP)
        person = self.world.both if is_both else self.world.checker
        services.confirm_finding(refund=refund, confirmed_by=person, agrees=agrees)
        assert refund.found_by_id != person.pk, "a finding confirmed by who made it"

    def _find_out(self) -> None:
        """Two people look at the bank what became of each refund whose outcome nobody knows, and of each payment under review."""
        with clock.at(self.now):
            for refund in RefundDue.objects.filter(state=RefundState.UNKNOWN):
                found = self._went_out(refund)
                reference = "BANK-9" if found else ""
                services.look_up_refund(refund=refund, found_by=self.world.cashier, is_paid=found, bank_reference=reference)
            for refund in RefundDue.objects.filter(state=RefundState.LOOKED_UP):
                checker = self.world.checker if refund.found_by_id != self.world.checker.pk else self.world.both
                services.confirm_finding(refund=refund, confirmed_by=checker, agrees=True)
            for attempt in Attempt.objects.filter(state=AttemptState.MISMATCH):
                deal = self.vault.deals.get(attempt.trackid)
                if deal is None or not deal.holds:  # what it holds, an inquiry finds out
                    finding = reviews.record_finding(
                        attempt=attempt, found_by=self.world.cashier, is_taken=False, fils=None, bank_reference="BANK-9", proof="not taken"
                    )
                    reviews.decide_finding(finding=finding, decided_by=self.world.checker, agrees=True)

    # What must hold after each step

    @invariant()
    def the_books_are_whole(self) -> None:
        if self.writes:
            self.refresh()
            with clock.at(self.now):
                self.check()
            self.writes = 0
        self.is_whole = True

    def check(self) -> None:
        assert not (found := list(invariants.findings())), found
        for attempt in self.attempts:
            deal = self.vault.deals.get(attempt.trackid)
            if attempt.state in (AttemptState.PAID, AttemptState.CAPTURED_LATE, AttemptState.REFUND_DUE, AttemptState.REFUNDED):
                assert deal and deal.was_told, f"{attempt.state} without the bank's word"
            if deal:
                assert deal.returned <= deal.fils, f"{deal.returned} fils went back of {deal.fils}"
        on_the_way = {r.attempt_id for r in self.refunds if r.state in (RefundState.SENDING, RefundState.UNKNOWN, RefundState.LOOKED_UP)}
        for attempt in self.attempts:
            if attempt.trackid in self.vault.deals and attempt.pk not in on_the_way:
                out = sum(r.fils for r in self.refunds if r.attempt_id == attempt.pk and r.state == "paid_out" and r.way == "gateway")
                assert out == self.vault.deals[attempt.trackid].returned, "our word of a refund is not the bank's"
        for trace in Job.objects.exclude(last_error="").values_list("last_error", flat=True):
            assert "Unanswered" in trace or trace.startswith("payment: the reversal"), trace
        for events in (BillEvent, AttemptEvent, RefundEvent):
            self.walked.update(events.objects.values_list("workflow", "move", "from_state", "to_state"))

    def finish(self) -> None:
        """The bank is well, people find out what it leaves open, all is asked once more: each payment ends as its book says."""
        self.armed = ""
        for minutes in (45, 16, 61, 3):
            self.now += dt.timedelta(minutes=minutes)
            self.work(day="true", refund_day="done")
            self._find_out()
        with clock.at(self.now):
            inquiries.sweep()
            for attempt in Attempt.objects.filter(state__in=[*AT_BANK, *UNPAID, AttemptState.VOIDED]):
                services.inquire(attempt_id=attempt.pk, why=inquiries.DIFFERENCE, turn=99)
            run_due(JOB_KINDS)
            self.refresh()
            self.check()
        for attempt in self.attempts:
            deal = self.vault.deals.get(attempt.trackid)
            if deal and deal.holds:
                wanted: tuple[str, ...] = (AttemptState.PAID, AttemptState.REFUND_DUE, AttemptState.REFUNDED)
            else:
                wanted = (*UNPAID, AttemptState.VOIDED)
            said = f"{attempt.state}, and the bank {'holds' if deal and deal.holds else 'has not'} the money"
            assert attempt.state in wanted, f"{said}: {deal}\n{self._told(attempt)}"

    def _told(self, attempt: Attempt) -> str:
        """What the bank was heard to say of a payment and what became of it, for who reads of a break."""
        asked = [(i.at, f"asked: {i.result} {i.outcome}, agrees: {i.agrees}") for i in attempt.inquiries.all()]
        moved = [(e.at, f"{e.move}: {e.from_state} to {e.to_state}") for e in AttemptEvent.objects.filter(subject=attempt)]
        return "\n".join(f"{at - START} {what}" for at, what in sorted(asked + moved))
