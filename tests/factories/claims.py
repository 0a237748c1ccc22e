"""Claims of shops."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from factory.django import DjangoModelFactory

from municipality.accounts.models import User
from municipality.cases.models import Case
from shops.claims import services
from shops.models import Shop
from tests.factories.uploads import UploadFactory


class ClaimCaseFactory(DjangoModelFactory[Case]):
    """A claim by documents that is in the queue, as after the days of its holder; with `heard=False` it is not yet."""

    class Meta:
        model = Case

    @classmethod
    def _create(cls, model_class: type[Case], *args: Any, shop: Shop, applicant: User, heard: bool = True) -> Case:
        draft = services.begin(shop=shop, person=applicant)
        UploadFactory(owner=applicant, subject=services.files_key(draft), slot="ownership")
        case = services.send_claim(draft=draft, person=applicant, statement="اشتريت المحل في يناير.")
        if heard:
            with transaction.atomic():
                services.join_heard(case.pk)
            case.refresh_from_db()
        return case
