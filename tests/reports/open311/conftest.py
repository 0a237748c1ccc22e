"""A portal with categories, areas, and the key of another system."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.core.cache import cache
from django.test import Client

from reports.models import ApiKey
from reports.open311 import keys
from tests.factories.accounts import StaffFactory
from tests.published_rules import publish_rules


def _folder(path: str) -> str:
    return "/open311/" if path == "discovery" else "/open311/v2/"


@dataclass
class Other:
    """Another system with its key."""

    row: ApiKey
    key: str
    client: Client

    def get(self, path: str, status: int = 200, /, **query: Any) -> Any:
        """A JSON document under /open311/v2/."""
        answer: Any = self.client.get(f"{_folder(path)}{path}.json", query)
        assert answer.status_code == status, answer.content.decode()
        assert answer["Content-Type"] == "application/json; charset=utf-8"
        return json.loads(answer.content)

    def xml(self, path: str, status: int = 200, /, **query: Any) -> ElementTree.Element:
        answer: Any = self.client.get(f"{_folder(path)}{path}.xml", query)
        assert answer.status_code == status, answer.content.decode()
        assert answer["Content-Type"] == "text/xml; charset=utf-8"
        assert answer.content.startswith(b'<?xml version="1.0" encoding="utf-8"?>\n')
        return ElementTree.fromstring(answer.content)

    def send(self, status: int = 200, /, path: str = "requests", **form: Any) -> Any:
        """Send a report of waste in Hawalli; what is None is left out."""
        whole = {"api_key": self.key, "service_code": "waste", "lat": "29.3328", "long": "48.0283", "description": "أنقاض & حجارة"}
        data = {name: value for name, value in (whole | form).items() if value is not None}
        answer: Any = self.client.post(f"/open311/v2/{path}.json", data)
        assert answer.status_code == status, answer.content.decode()
        return json.loads(answer.content)

    def refused(self, status: int = 400, /, **form: Any) -> str:
        """The sentence with which a report is refused."""
        return " ".join(error["description"] for error in self.send(status, **form))


@pytest.fixture
def other(db: None, settings: Any, tmp_path: Path) -> Other:
    settings.VAR_DIR = tmp_path
    settings.PORTAL_URL = "http://testserver"
    cache.clear()
    publish_rules()
    operator = StaffFactory(groups=["operator"])
    row, key = keys.make(name="Ahmadi", contact="city@example.test", per_hour=1000, by=operator)
    return Other(row, key, Client(headers={"accept-language": "en"}, raise_request_exception=False))
