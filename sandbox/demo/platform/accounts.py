"""People, organisations and staff."""

from __future__ import annotations

import datetime as dt
from random import Random

from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher, get_hasher, make_password
from django.contrib.auth.models import Group

from municipality.accounts import civil_ids
from municipality.accounts.models import Organisation, Signatory, User
from sandbox.demo.loading import Loading
from sandbox.demo.platform import people, staff
from sandbox.demo.seeds import public_id, seeded

PEOPLE_FILE = "demo-people.json"
# Name, register number, and the English names of the two people who sign for it.
ORGANISATIONS = (
    ("شركة المرسى للخدمات", "Al-Marsa Services Company", "300101", ("Abeer Al-Sahel", "Faisal Al-Bairaq")),
    ("مجموعة الصواري التجارية", "Al-Sawari Trading Group", "300202", ("Loulwa Al-Murjan", "Hassan Al-Kous")),
    ("شركة السدرة للتجزئة", "Al-Sidra Retail Company", "300303", ("Asmaa Al-Sheraa", "Thomas Green")),
)


def run(loading: Loading) -> str:
    rng = seeded("people step")
    identities = people.identities()
    joined = loading.anchor - dt.timedelta(days=210)
    User.objects.bulk_create(
        User(
            public_id=public_id(rng),
            login=public_id(rng),
            password=make_password(None),
            name_ar=identity.person.name_ar,
            name_en=identity.person.name_en,
            email=identity.email,
            email_confirmed_at=joined,
            phone=identity.mobile,
            phone_confirmed_at=joined,
            language=identity.person.language,
            **civil_ids.fields(identity.civil_id),
        )
        for identity in identities
    )
    people.write_for_simulator(settings.VAR_DIR / PEOPLE_FILE, identities)
    _organisations(loading, rng)
    members = _staff(rng)
    return f"{len(identities)} people, {len(ORGANISATIONS)} organisations, {members} staff"


def _organisations(loading: Loading, rng: Random) -> None:
    organisations = Organisation.objects.bulk_create(
        Organisation(public_id=public_id(rng), name_ar=name_ar, name_en=name_en, commercial_register_no=number)
        for name_ar, name_en, number, _ in ORGANISATIONS
    )
    by_name = {user.name_en: user for user in User.objects.people()}
    Signatory.objects.bulk_create(
        Signatory(organisation=organisation, person=by_name[name], first_day=loading.day(-700))
        for organisation, (_, _, _, names) in zip(organisations, ORGANISATIONS, strict=True)
        for name in names
    )


def _staff(rng: Random) -> int:
    for member in staff.STAFF:
        user = User.objects.create(
            public_id=public_id(rng),
            login=member.login,
            password=_hash(staff.password(member), public_id(rng)),
            name_ar=member.name_ar,
            name_en=member.name_en,
            email=f"{member.login}@example.invalid",
            is_staff=True,
            staff_number=member.number,
            branch_id=member.branch or None,
        )
        user.groups.add(Group.objects.get_or_create(name=member.role)[0])
        TOTP.activate(user, staff.second_factor(member))
    return len(staff.STAFF)


def _hash(password: str, salt: str) -> str:
    # Random passwords of 80 bits need no slow hash, and the first start is faster.
    hasher = get_hasher()
    if isinstance(hasher, PBKDF2PasswordHasher):
        return hasher.encode(password, salt, iterations=20_000)
    return make_password(password)
