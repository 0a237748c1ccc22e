"""What the public page shows of a licence: the one in force, and the photo of the front once it is issued, without metadata."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from licensing.health import services
from licensing.models import HealthLicence
from municipality.accounts.models import actor_of
from municipality.cases.models import Case
from municipality.documents import seal
from municipality.uploads.models import Upload
from shops.models import Shop
from tests import desk_acts
from tests.factories.licensing import RenewalCaseFactory
from tests.factories.review import OfficerFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Any) -> None:
    settings.VAR_DIR = tmp_path
    settings.SIGNER_KEY_FILE = str(tmp_path / "seal.p12")
    seal.make_seal(tmp_path / "seal.p12", settings.SIGNER_PASSPHRASE)


def page_and_photo(shop: Shop) -> tuple[str, int]:
    client = Client()
    page = client.get(f"/en/shops/{shop.public_id}/", follow=True).content.decode()
    return page, client.get(f"/en/health-licence/{shop.public_id}/front/").status_code


def test_a_front_is_public_once_the_licence_is_issued(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["trade_name"])
    officer = OfficerFactory()
    page, status = page_and_photo(shop)
    assert "kp-front" not in page and status == 404, "a request that waits shows nothing"
    desk_acts.approve(officer)
    assert page_and_photo(shop)[1] == 404, "nor does one that is not paid"
    case = Case.objects.get(pk=case.pk)
    services.take_payment(case=case)
    services.issue_renewal(case=Case.objects.get(pk=case.pk))
    page, status = page_and_photo(shop)
    assert status == 200
    assert f'src="/en/health-licence/{shop.public_id}/front/"' in page
    assert "Sent by its holder with the request for a licence" in page
    photo = Upload.objects.get(slot="photo_front")
    response = Client().get(f"/en/health-licence/{shop.public_id}/front/")
    assert response["Content-Type"] == "image/jpeg" and response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert photo.preview is not None and len(response.content) == photo.preview.size


def test_a_shop_without_a_photo_has_no_frame(make_shop: Any) -> None:
    shop = make_shop()
    page, status = page_and_photo(shop)
    assert "kp-front" not in page and status == 404
    assert Client().get("/en/health-licence/00000000000000000000000000/front/").status_code == 404


def test_the_public_page_shows_the_licence_of_today_beside_the_one_that_begins_later(
    make_shop: Any, owner: Any, pay_and_issue: Any
) -> None:
    shop = make_shop()
    old = HealthLicence.objects.select_related("document").get(shop=shop)
    assert page_and_photo(shop)[0].count("Check this licence") == 1, "the control"
    pay_and_issue(services.submit(shop=shop, applicant=owner, actor=actor_of(owner), expected_fils=10_000)[0])
    shown = page_and_photo(shop)[0]
    assert old.document.number in shown and shown.count("Check this licence") == 2
