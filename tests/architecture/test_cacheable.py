"""What a cache may keep for everybody sets no cookie and depends on none: every address is asked, without a session and with one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache

from municipality.ui import language
from tests.architecture.access_matrix import ROWS, Row
from tests.architecture.sample_data import Sample, built_sample, one_sample  # noqa: F401

pytestmark = pytest.mark.django_db


def is_kept_by_caches(answer: Any) -> bool:
    said = answer.get("Cache-Control", "")
    ages = re.findall(r"(?:max-age|s-maxage)=([0-9]+)", said)
    return "private" not in said and "no-store" not in said and ("public" in said or any(int(age) for age in ages))


def crawl(sample: Sample, rows: Iterable[Row] = ROWS) -> tuple[set[str], list[str]]:
    """The addresses whose answer may be kept, and those of them that set a cookie or depend on one."""
    kept, wrong = set(), []
    for row in rows:
        for code in ("ar", "en") if "{lang}" in row.path else ("ar",):
            address = row.path.format(s=sample, lang=code)
            for role in ("nobody", "owner"):
                cache.clear()  # what is counted there
                client = sample.client(role, raise_request_exception=False)
                client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
                answer: Any = client.get(address)
                if answer.streaming:
                    list(answer.streaming_content)  # the test client closes a file at its end
                if not is_kept_by_caches(answer):
                    continue
                kept.add(row.path)
                varies = {name.strip().lower() for name in answer.get("Vary", "").split(",")}
                if answer.cookies or "cookie" in varies:
                    wrong.append(f"{role} {address}: {dict(answer.cookies)} {sorted(varies)}")
    return kept, wrong


def test_what_caches_keep_sets_no_cookie_and_depends_on_none(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, wrong = crawl(sample)
    assert wrong == []
    for part in (
        "/api/v1/shops/",
        "/open-data/shops.csv",
        "/shops/{s.register.with_events.public_id}/changes.atom",
        "/areas/",
        "/map-tiles/16",
        "/zoning/map.json",
    ):
        assert any(part in path for path in kept), (part, sorted(kept))
    # Red control: where only the interface under /api/ is without cookies, feeds and files have some.
    monkeypatch.setattr(language, "is_cookieless", language.is_api)
    found = " ".join(crawl(sample, [row for row in ROWS if row.path in kept])[1])
    assert "changes.atom" in found and "/open-data/shops.csv" in found and "/api/" not in found
