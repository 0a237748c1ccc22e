"""Many licences of one holder renewed in one act: the worker is killed in the middle, and every licence is sent, paid and issued once."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import pytest

from tests.journeys import changed_shop
from tests.journeys.measurements import axe, overhang
from tests.journeys.visitor import PATIENCE, PHONE, Visitor
from tools.stack.running import Stack

pytestmark = [pytest.mark.journey, pytest.mark.stack, pytest.mark.browser]
SENT, ISSUED = 180, 240  # seconds until all lines have their result, and all licences are sealed
PEOPLE = {"ar": ("Anil Kurmuri", 24), "en": ("Josel Dalatan", 12)}  # and the number of their shops
OF = "FROM licensing_batchline l JOIN licensing_renewalbatch b ON b.id = l.batch_id WHERE b.public_id = %s"


@pytest.mark.parametrize(("code", "scripts"), [("ar", True), ("en", False)], ids=["ar-scripts", "en-noscript"])
def test_a_chain_renews_in_one_act_although_the_worker_dies(
    stack: Stack, visit: Callable[..., Visitor], signed_in: Callable[[str], Any], code: str, scripts: bool
) -> None:
    name, count = PEOPLE[code]
    shops = [shop["id"] for shop in changed_shop.shops_of(stack, {name: count})[name]]
    owner = visit(code, java_script_enabled=scripts, storage_state=signed_in(name), viewport=PHONE)
    page = owner.go("my-shops/")
    page.click("main a[href$='/renewals/']")
    owner.arrive("/renewals/$")
    assert overhang(page) == 0 and (not scripts or axe(page) == [])
    chosen = page.locator("input[name=item]:checked").count()
    assert chosen >= count
    page.click(".kp-paybar button[value=renew]")
    owner.arrive("/renewals/[^/]+/$")
    batch = owner.here().rstrip("/").rpartition("/")[2]

    stack.kill("worker", signal.SIGKILL)
    before = stack.sql(f"SELECT count(*) {OF} AND l.state = 'waiting'", batch)[0][0]
    stack.revive()
    owner.look_until(lambda: page.locator("main button[value=pay]").count() == 1, SENT, f"the {before} that were left to be sent")
    assert overhang(page) == 0 and (not scripts or axe(page) == [])
    assert stack.sql(f"SELECT l.state, count(*) {OF} GROUP BY 1", batch) == [("sent", chosen)]
    page.click("main button[value=pay]")
    page.wait_for_url(f"{stack.knet_url}/kpg/**")
    page.click("button[name=result][value=CAPTURED]")
    owner.arrive("^/pay/r/")
    owner.look_until(lambda: page.locator(".kp-panel[data-step^=paid]").count() == 1, PATIENCE, "the payment to be certain")

    issued = "SELECT count(*) FROM licensing_renewal r JOIN licensing_healthlicence h ON h.id = r.new_licence_id"
    issued += " JOIN shops_shop s ON s.id = h.shop_id JOIN documents_document d ON d.id = h.document_id"
    issued += " WHERE d.file_id IS NOT NULL AND s.public_id IN ({})".format(", ".join(["%s"] * len(shops)))
    owner.look_until(lambda: stack.sql(issued, *shops) == [(count,)], ISSUED, "all licences to be issued")
    owner.go(f"renewals/{batch}/")
    owner.look_until(lambda: owner.main().count(f" {chosen} ") >= 2, PATIENCE, "the page to say that all are issued")
    assert overhang(page) == 0 and page.locator("main button[value=pay]").count() == 0
    assert owner.wrongs() == [] and owner.foreign_requests() == []
