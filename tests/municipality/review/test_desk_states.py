"""What the pages of the desk say about where a case stands: decided, waiting, late, sent back by the second signature."""

from __future__ import annotations

import re

import pytest

from municipality.audit.models import AccessLogEntry
from municipality.kernel.errors import Refused
from municipality.review import queries
from municipality.review.models import Assignment, QueueEntry
from municipality.review.services import case_clock, desk
from municipality.ui.templatetags.portal import with_refs
from tests import desk_acts
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import StaffFactory
from tests.municipality.review import permits
from tests.municipality.review.desk_in_a_browser import BOARD, EVERY_YES, NEXT, ONE_ASKED, SIGN, assigned, case_url, send, text_of
from tests.municipality.review.permits import Office
from tests.purposes import opened


def test_a_refused_case_says_so_and_when(office: Office) -> None:
    permits.sent(office.applicant)
    case = desk_acts.refuse(office.officer, office.supervisor)
    html = text_of(opened(signed_in(StaffFactory(groups=["auditor"], branch_id="HA")), case_url(case), "purpose.audit"))
    assert "للاطلاع فقط: انتهت دراسة الطلب." in html and "الطلب لدى موظف" not in html
    assert html.count("kp-tag--bad") >= 2


def test_a_case_that_waits_is_not_said_to_be_with_an_officer(office: Office) -> None:
    case = permits.sent(office.applicant).case
    html = text_of(opened(signed_in(StaffFactory(groups=["auditor"], branch_id="HA")), case_url(case), "purpose.audit"))
    assert "للاطلاع فقط: الطلب بانتظار موظف." in html


def test_a_returned_proposal_says_so_with_its_reason_until_the_officer_acts(office: Office) -> None:
    client, case = assigned(office)
    proposal = desk.propose_refusal(assignment=desk_acts.checked(Assignment.objects.get(place__case=case)), code="layout_changed")
    supervisor = signed_in(office.supervisor)
    supervisor.post(SIGN, {"decision": proposal.pk, "digest": proposal.digest, "step": "back", "code": "could_be_corrected", **EVERY_YES})
    returned, reason = "أعاده المشرف", "يمكن لصاحب الطلب استكمال النقص."
    assert returned in text_of(client.get("/admin/"))
    for _step in ("before it is taken up", "on the desk"):
        html = text_of(client.get(case_url(case)))
        assert returned in html and reason in html and "وصل الرد</span>" not in html
        client.post(NEXT)
    assert send(client, case_url(case, "corrections"), ONE_ASKED).status_code == 302
    permits.answer(QueueEntry.objects.get(case=case), lease="sha-2")
    html = text_of(client.get(case_url(case)))
    assert returned not in html and "وصل الرد</span>" in html
    assert returned not in text_of(client.get("/admin/"))


def test_that_no_answer_came_is_no_reason_before_something_was_asked_for(office: Office) -> None:
    client, case = assigned(office)
    row = Assignment.objects.get(place__case=case)
    assert 'value="not_answered"' not in text_of(client.get(case_url(case)))
    with pytest.raises(Refused, match="nothing_was_asked"):
        desk.propose_refusal(assignment=desk_acts.checked(row), code="not_answered")
    send(client, case_url(case, "corrections"), ONE_ASKED)
    permits.answer(QueueEntry.objects.get(case=case), lease="sha-2")
    client.post(NEXT)
    assert 'value="not_answered"' in text_of(client.get(case_url(case)))
    assert desk.propose_refusal(assignment=desk_acts.checked(row), code="not_answered").code == queries.AFTER_ROUND


def test_the_tile_of_late_requests_leads_to_their_list(office: Office, frozen_clock: Clock) -> None:
    first, second = permits.sent(office.applicant), permits.sent(permits.applicant(2))
    html = text_of(signed_in(office.supervisor).get(BOARD))
    assert "لا طلب متأخراً في الفرع" in html.split('id="late"', 1)[1]
    frozen_clock.move(days=21)
    case_clock.escalate(clock_id=first.case.clock.pk)
    client = signed_in(office.supervisor)
    client.cookies["staff_language"] = "en"
    html = text_of(client.get(BOARD))
    assert '<a href="#late">2</a>' in html and re.search(r'<h2 id="late"[^>]*>Late requests <b class="kp-n">2</b></h2>', html)
    assert first.case.reference in html and second.case.reference in html
    assert case_url(first.case) in html and case_url(second.case) not in html, "nobody opens a case that waits"
    assert re.search(r"Escalated (to|once more to) the [\w ]+ \(level [23] of 3\)</small>", html), "a level is said in words"
    assert html.count(case_url(first.case)) == 1, "no request is listed twice"
    page = text_of(opened(client, case_url(first.case), "purpose.supervision"))
    assert re.search(r"Escalated (to|once more to) the [\w ]+ \(level [23] of 3\)</span>", page)
    assert AccessLogEntry.objects.filter(subject=first.case.key).exists()


def test_a_reference_in_the_words_of_a_message_stays_on_one_line(office: Office) -> None:
    assert with_refs("<b> HL-2026-000378-K") == '&lt;b&gt; <bdi dir="ltr" class="kp-ref">HL-2026-000378-K</bdi>'
    client, case = assigned(office)
    desk_acts.checked(Assignment.objects.get(place__case=case))
    html = text_of(client.post(case_url(case, "refuse"), {"code": "layout_changed"}))
    letter = html.split('class="kp-desk-letter"', 1)[1].partition("</section>")[0]
    assert letter.count(case.reference) == letter.count(f'class="kp-ref">{case.reference}<') > 0


def test_giving_back_can_be_closed_like_the_other_decisions(office: Office) -> None:
    client, case = assigned(office)
    html = text_of(client.get(case_url(case)))
    assert html.count('class="kp-sheet"') == html.count("data-close hidden") == 4
