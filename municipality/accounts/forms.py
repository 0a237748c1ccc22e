"""Forms of the sign-in pages and of the profile."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from municipality.accounts import known_devices, limits
from municipality.accounts.models import User
from municipality.accounts.services import contacts, second_factor
from municipality.kernel.errors import TooMany
from municipality.ui.forms import CivilIdField, DigitsField, LtrInput, PhoneField
from municipality.ui.plurals import within_span


def _code_field(**options: Any) -> DigitsField:
    """Six digits in any script, with or without spaces."""
    widget = LtrInput({"autocomplete": "one-time-code"}, css="kp-input--code")
    return DigitsField(length=6, widget=widget, error_messages={"required": _("Enter the six digits.")}, **options)


class SignInForm(forms.Form):
    civil_id = CivilIdField(help_text=_("Twelve digits, as on the front of the civil ID card."))


class EmailForm(forms.Form):
    address = forms.EmailField(
        label=_("E-mail address"),
        help_text=_("A code of six digits is sent to this address."),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "dir": "ltr"}),
        error_messages={
            "required": _("Please enter the e-mail address."),
            "invalid": _("This is not an e-mail address. An address has a name, the sign @ and a domain."),
        },
    )


class PhoneForm(forms.Form):
    address = PhoneField(label=_("Mobile number"), help_text=_("Eight digits. A code of six digits is sent to this number."))


class ContactCodeForm(forms.Form):
    code = _code_field(label=_("Code"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        time = within_span(contacts.CODE_LIFETIME_MINUTES)
        self.fields["code"].help_text = gettext("The six digits in the message. The code must be used %(time)s.") % {"time": time}


class LanguageForm(forms.Form):
    language = forms.ChoiceField(label=_("Language of messages"), choices=[("ar", _("Arabic")), ("en", _("English"))])


class PasskeyNameForm(forms.Form):
    name = forms.CharField(
        label=_("Name of the passkey"),
        help_text=_("To tell it from others: the phone or the computer it is kept on."),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
        error_messages={"required": _("Please enter a name.")},
    )


TOO_MANY = _("Too many tries. Please try again in five minutes, or sign in with a passkey.")
TOO_MANY_FOR_NAME = _(
    "This login name was tried many times, from several places. Please try again in a minute, sign in with a passkey, "
    "or use a browser in which you signed in before."
)


class StaffSignInForm(LoginForm):
    """Login name and password. Every attempt is counted before the password is checked, and every failure has the same message.

    `reached_limit` is the limit that prevented the check, if any.
    """

    reached_limit: limits.LimitUsage | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = forms.CharField(
            label=_("Login name"),
            max_length=60,
            widget=forms.TextInput(attrs={"autocomplete": "username", "dir": "ltr", "autocapitalize": "none", "spellcheck": "false"}),
            error_messages={"required": _("Please enter the login name.")},
        )
        self.fields["password"] = forms.CharField(
            label=_("Password"),
            strip=False,
            max_length=200,
            widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "dir": "ltr"}),
            error_messages={"required": _("Please enter the password.")},
        )

    def clean(self) -> Any:
        if self.errors:
            return self.cleaned_data
        client = {"login": self.cleaned_data["login"].casefold(), "address": limits.address_of(self.request)}
        device = known_devices.read(self.request)
        self.reached_limit = limits.count_password(**client, device=device)
        if self.reached_limit is not None:
            is_of_name = self.reached_limit.name == limits.STAFF_NAME_SLOW.name
            raise ValidationError(TOO_MANY_FOR_NAME if is_of_name else TOO_MANY, code="too_many")
        try:
            cleaned = super().clean()
        except ValidationError:
            raise ValidationError(_("The login name or the password is not correct."), code="not_right") from None
        limits.forget_passwords(**client, device=device)
        return cleaned

    def user_credentials(self) -> dict[str, str]:
        return {"username": self.cleaned_data["login"], "password": self.cleaned_data["password"]}


class SecondFactorForm(forms.Form):
    """The six digits of the authenticator app; `authenticator` is set once the form is valid."""

    code = _code_field(label=_("Code from the authenticator app"), help_text=_("Six digits that change every thirty seconds."))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        try:
            self.authenticator = second_factor.check(user=self.user, typed=code)
        except TooMany as refusal:
            raise ValidationError(refusal.sentence, code=refusal.code) from None
        if self.authenticator is None:
            raise ValidationError(_("The code is not correct, or has already been used. Please wait for the next one."), code="not_right")
        return code
