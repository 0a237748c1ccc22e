"""A public client of GeoReport makes the whole round: services, questions, a report, the list."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from reports.models import Report
from tests.reports.open311.conftest import Other

civicbot = pytest.importorskip("civicbot.open311")
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.slow
def test_the_round_of_a_client(other: Other, live_server: Any) -> None:
    from civicbot.http import HttpTransport, RateLimiter
    from civicbot.registry import Endpoint

    endpoint = Endpoint("kuwait", "Kuwait Municipality", f"{live_server.url}/open311/v2/", write=True)
    client = civicbot.Open311Client(endpoint, HttpTransport(rate_limiter=RateLimiter(0)), jurisdiction_id="baladia.gov.kw")
    codes = [service["service_code"] for service in client.list_services()]
    assert {"waste", "shop", "hazard"} <= set(codes) and client.get_service_definition("waste")["attributes"]
    words = {"lat": 29.3328, "lng": 48.0283, "description": "أنقاض"}
    sending = {"dry_run": False, "confirm": "SEND", "api_key": other.key, "validate_remote": True}
    with pytest.raises(civicbot.ValidationError, match="fire_or_gas"):
        client.create_request("hazard", **sending, **words)
    sent = client.create_request("waste", **sending, **words, attributes={"blocks_road": ["yes"]})
    number = sent.response[0]["service_request_id"]
    report = Report.objects.get(number=number)
    assert report.words == "أنقاض" and report.answers == {"blocks_road": "yes"}
    assert client.get_request(number)["status"] == "open" and client.get_token(number)[0]["service_request_id"] == number
    assert [one["service_request_id"] for one in client.list_requests(status="open", page_size=10)] == [number]
    assert client.list_requests(service_request_ids=[number])[0]["service_code"] == "waste"


def test_a_client_of_xml_finds_what_it_forces_to_be_lists(other: Other) -> None:
    """FixMyStreet reads elements by these names, and skips a request without id, place or time."""
    other.send()
    (request,) = other.xml("requests").findall("request")
    assert all(request.findtext(name) for name in ("service_request_id", "lat", "long", "updated_datetime"))
    assert {one.tag for one in other.xml("services")} == {"service"}
    answer: Any = other.client.post("/open311/v2/requests.xml", {"api_key": "x", "service_code": "waste"})
    (error,) = ElementTree.fromstring(answer.content).findall("error")
    assert error.findtext("code") == "403" and error.findtext("description")
