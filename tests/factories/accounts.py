"""People, staff and organisations. Civil numbers are synthetic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import factory
from django.contrib.auth.models import Group
from factory.django import DjangoModelFactory

from municipality.accounts import civil_ids
from municipality.accounts.models import Organisation, User
from municipality.kernel import clock

SALIM, NOURA = "290010100013", "290010100021"


class UserFactory(DjangoModelFactory[User]):
    """An account, with a civil number where one is given, in the groups named."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    name_ar, name_en = "سالم", "Salim"
    groups: Sequence[str] = ()

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, groups: Sequence[str], civil_id: str = "", **fields: Any) -> User:
        user = User.objects.create_user(**fields, **(civil_ids.fields(civil_id) if civil_id else {}))
        for name in groups:
            user.groups.add(Group.objects.get_or_create(name=name)[0])
        return user


class PersonFactory(UserFactory):
    """Somebody who signs in with Kuwait Mobile ID. Trait `unreachable`: neither e-mail nor phone is confirmed."""

    class Params:
        unreachable = factory.Trait(email_confirmed_at=None, phone_confirmed_at=None)
        noura = factory.Trait(civil_id=NOURA, name_ar="نورة الرشيدي", name_en="Noura Al-Rashidi")

    name_ar, name_en, civil_id = "سالم العنزي", "Salim Al-Enezi", SALIM
    email = factory.LazyAttribute(lambda person: f"{person.civil_id}@mail.example")
    phone = factory.LazyAttribute(lambda person: f"965{person.civil_id[-8:]}")
    email_confirmed_at = factory.LazyFunction(clock.now)
    phone_confirmed_at = factory.LazyFunction(clock.now)


class StaffFactory(UserFactory):
    """A member of staff, whose login are the groups unless it is given. Trait `supervisor`: of the branch of Hawalli."""

    class Params:
        supervisor = factory.Trait(login="supervisor", groups=["supervisor"], branch_id="HA")

    name_ar, name_en, is_staff = "هدى المطيري", "Huda Al-Mutairi", True
    login = factory.LazyAttribute(lambda user: "-".join(user.groups) or "staff")


class OrganisationFactory(DjangoModelFactory[Organisation]):
    class Meta:
        model = Organisation

    name_ar, name_en, commercial_register_no = "شركة النخيل", "Nakheel Company", "77002"
