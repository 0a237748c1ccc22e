"""Objections to violations."""

from __future__ import annotations

from typing import Any

from factory.django import DjangoModelFactory

from violations.models import Objection
from violations.services import objections


class ObjectionFactory(DjangoModelFactory[Objection]):
    """An objection of `person` to `violation`, filed."""

    class Meta:
        model = Objection

    ground, words = "facts_wrong", "لم تكن الأكياس لنا"

    @classmethod
    def _create(cls, model_class: type[Objection], *args: Any, **fields: Any) -> Objection:
        return objections.file(**fields)
