"""People, organisations and staff."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from municipality.kernel import clock, ids
from municipality.kernel.actors import Actor
from municipality.places.models import Branch
from municipality.ui.names import name_of


class UserQuerySet(models.QuerySet["User"]):
    def people(self) -> UserQuerySet:
        return self.filter(is_staff=False)


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    def create_user(self, *, name_ar: str, name_en: str, **fields: Any) -> User:
        password = fields.pop("password", None)
        user: User = self.model(name_ar=name_ar, name_en=name_en, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, **fields: Any) -> User:
        """A member of staff with every right, for emergencies; the auditors are notified (`accounts.services.alarms`)."""
        return self.create_user(**fields, is_staff=True, is_superuser=True)

    def get_by_natural_key(self, username: str) -> User:
        return self.get(login=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A user: a citizen or resident who signs in through an identity provider, or staff with password and second factor.

    The civil number is stored encrypted; `civil_id_digest` is the keyed hash by which a person is looked up.
    """

    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id, editable=False)
    login = models.CharField(_("sign-in name"), max_length=60, unique=True, default=ids.public_id)
    name_ar = models.CharField(_("name in Arabic"), max_length=120)
    name_en = models.CharField(_("name in English"), max_length=120)
    civil_id_digest = models.CharField(max_length=64, unique=True, null=True, blank=True, editable=False)
    civil_id_cipher = models.TextField(blank=True, editable=False)
    civil_id_masked = models.CharField(_("civil number"), max_length=12, blank=True, editable=False)
    email = models.EmailField(_("e-mail address"), blank=True)
    email_confirmed_at = models.DateTimeField(null=True, blank=True)
    phone = models.CharField(_("phone"), max_length=12, blank=True)
    phone_confirmed_at = models.DateTimeField(null=True, blank=True)
    language = models.CharField(_("language of messages"), max_length=2, choices=[("ar", _("Arabic")), ("en", _("English"))], default="ar")
    is_active = models.BooleanField(pgettext_lazy("field", "active"), default=True)
    is_staff = models.BooleanField(_("member of staff"), default=False)
    staff_number = models.CharField(_("staff number"), max_length=10, blank=True)
    branch = models.ForeignKey(Branch, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("branch"))
    joined_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "login"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name_ar", "name_en"]

    class Meta:
        verbose_name = pgettext_lazy("model", "person")
        verbose_name_plural = _("people")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_staff=False) | models.Q(civil_id_digest__isnull=True), name="accounts_staff_apart_from_person"
            ),
            models.UniqueConstraint(
                fields=["staff_number"],
                condition=models.Q(is_active=True, is_staff=True) & ~models.Q(staff_number=""),
                name="accounts_staff_number_once",
                violation_error_message=_("Another active member of staff has this staff number."),
            ),
        ]

    def __str__(self) -> str:
        return name_of(self)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; a new superuser together with its alarm, without which the database refuses the flag."""
        if not self.is_superuser:
            super().save(*args, **kwargs)
            return
        with transaction.atomic():
            if self._state.adding:
                self.is_superuser = False
                super().save(*args, **kwargs)
                self.is_superuser, args, kwargs = True, (), {"update_fields": ["is_superuser"]}
            if User.objects.filter(pk=self.pk, is_superuser=False).exists():
                SuperuserAlarm.objects.create(user=self, kind=AlarmKind.FLAG_SET, at=clock.now())
            super().save(*args, **kwargs)

    def get_full_name(self) -> str:
        return self.name_ar

    def get_short_name(self) -> str:
        return self.name_ar

    @property
    def key(self) -> str:
        """The key of this user in events and in the audit log."""
        return f"{'staff' if self.is_staff else 'person'}:{self.public_id}"

    @property
    def last_four(self) -> str:
        return self.civil_id_masked[-4:]

    @property
    def is_reachable(self) -> bool:
        """Whether e-mail address and phone are both confirmed."""
        return self.email_confirmed_at is not None and self.phone_confirmed_at is not None


def actor_of(user: User, role: str = "") -> Actor:
    """The actor for a user who acts for themselves: people as applicant, staff as officer, unless `role` is given."""
    return Actor(role or ("officer" if user.is_staff else "applicant"), user.key)


def actor_for(user: User, person: User) -> Actor:
    """The actor for a `user` who acts for `person`: themselves, as a delegate, or as staff with their consent (assistant)."""
    if user.pk == person.pk:
        return actor_of(user)
    return Actor("assistant" if user.is_staff else "delegate", user.key, person.key)


class Organisation(models.Model):
    public_id = models.CharField(max_length=26, unique=True, default=ids.public_id, editable=False)
    name_ar = models.CharField(_("name in Arabic"), max_length=160)
    name_en = models.CharField(_("name in English"), max_length=160)
    commercial_register_no = models.CharField(_("commercial register"), max_length=20, unique=True)

    class Meta:
        verbose_name = pgettext_lazy("model", "organisation")
        verbose_name_plural = _("organisations")

    def __str__(self) -> str:
        return name_of(self)


class Signatory(models.Model):
    """A person who signs for an organisation, from the first to the last day; None for no end."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="signatories")
    person = models.ForeignKey(User, models.PROTECT, related_name="signs_for")
    first_day = models.DateField()
    last_day = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "person"], name="accounts_signatory_once")]
        verbose_name = pgettext_lazy("model", "signatory")
        verbose_name_plural = _("signatories")

    def __str__(self) -> str:
        return f"{self.person} ← {self.organisation}"


class SignInStatus(models.TextChoices):
    PENDING = "pending", _("Waiting for an answer")
    APPROVED = "approved", pgettext_lazy("choice", "Approved")
    DECLINED = "declined", _("Declined")
    EXPIRED = "expired", _("Time ran out")
    FAILED = "failed", _("Answer does not match")


class SignInRequest(models.Model):
    """One request of Kuwait Mobile ID. Its answer opens only a session of the browser that started it, once, within five minutes.

    `browser_hash` is the SHA-256 of a nonce that is only in that browser's session. `civil_id_cipher` is the number of a push until it
    is sent; `away_at` is when the provider last failed to answer, `replayed_at` when its callback came again after the answer was known.
    """

    request_id = models.CharField(max_length=100, unique=True)
    civil_id_digest = models.CharField(max_length=64, blank=True)
    civil_id_cipher = models.TextField(blank=True)
    browser_hash = models.CharField(max_length=64)
    channel = models.CharField(max_length=4, choices=[("push", "push"), ("qr", "qr")])
    number_match = models.CharField(max_length=2, blank=True)
    qr = models.TextField(blank=True)
    next_path = models.CharField(max_length=500, blank=True)
    status = models.CharField(max_length=10, choices=SignInStatus, default=SignInStatus.PENDING)
    assurance = models.CharField(max_length=20, blank=True)
    person = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    hinted_at = models.DateTimeField(null=True, blank=True)
    polled_at = models.DateTimeField(null=True, blank=True)
    away_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    replayed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=SignInStatus.values), name="accounts_sign_in_status"),
            models.CheckConstraint(
                condition=models.Q(used_at__isnull=True) | models.Q(status=SignInStatus.APPROVED),
                name="accounts_sign_in_used_after_approval",
            ),
        ]
        indexes = [models.Index(fields=["expires_at"], name="accounts_sign_in_expires")]

    def __str__(self) -> str:
        return f"{self.channel} {self.status}"


class ContactCode(models.Model):
    """A one-time code that confirms an e-mail address or a phone: hashed for the check, encrypted for the job that sends it."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    channel = models.CharField(max_length=5, choices=[("email", "email"), ("phone", "phone")])
    address = models.CharField(max_length=254)
    replaced = models.CharField(max_length=254, blank=True, default="")  # the confirmed address that it took the place of, to warn it
    code_hash = models.CharField(max_length=64)
    code_cipher = models.TextField(blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(tries__lte=5), name="accounts_code_five_tries"),
        ]
        indexes = [
            models.Index(fields=["user", "channel", "-id"], name="accounts_code_newest"),
            models.Index(fields=["expires_at"], name="accounts_code_expires"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} code {self.pk}"


class Throttle(models.Model):
    """The recent attempts under one limit: `key` is a keyed hash of limit and subject, `hits` are POSIX timestamps."""

    key = models.CharField(max_length=64, primary_key=True)
    hits = models.JSONField(default=list)
    touched_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.key[:12]} ({len(self.hits)})"


class SecondFactorUse(models.Model):
    """A used time step of a second factor: a code works once (RFC 6238 section 5.2)."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    step = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "step"], name="accounts_second_factor_step_once")]

    def __str__(self) -> str:
        return f"step {self.step}"


class KeyLoss(models.Model):
    """A passkey that a member of staff reported lost; a second person, who has seen them, allows the recovery."""

    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    opened_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    opened_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(opened_by__isnull=True, opened_at__isnull=True)
                | (models.Q(opened_by__isnull=False, opened_at__isnull=False) & ~models.Q(opened_by=models.F("user"))),
                name="accounts_key_loss_by_a_second",
            ),
        ]
        indexes = [models.Index(fields=["user", "-id"], name="accounts_key_loss_newest")]

    def __str__(self) -> str:
        return f"key loss {self.pk}"


class AlarmKind(models.TextChoices):
    FLAG_SET = "flag_set", _("Superuser made")
    SIGNED_IN = "signed_in", pgettext_lazy("choice", "Superuser signed in")


class SuperuserAlarm(models.Model):
    """A user became a superuser, or a superuser signed in. The auditors are notified within a minute.

    The database accepts the superuser flag only together with such a row that has not been notified.
    """

    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("account"))
    kind = models.CharField(_("event"), max_length=10, choices=AlarmKind)
    at = models.DateTimeField(_("at"))
    told_at = models.DateTimeField(_("auditors told at"), null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(kind__in=AlarmKind.values), name="accounts_alarm_kind")]
        verbose_name = _("superuser alarm")
        verbose_name_plural = _("superuser alarms")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.user_id}"
