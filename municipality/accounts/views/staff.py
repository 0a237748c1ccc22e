"""The staff sign-in pages: login name and password, then the second factor. The page of a passkey alone is in `passkeys`."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.decorators import login_stage_required
from allauth.account.views import LoginView
from allauth.mfa.base.internal.flows import post_authentication
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.generic import FormView

from municipality.accounts import demo_sign_in, known_devices, next_paths
from municipality.accounts.access import has_second_factor, public
from municipality.accounts.forms import SecondFactorForm, StaffSignInForm
from municipality.accounts.services import passkeys
from municipality.accounts.services.sessions import ENDED
from municipality.accounts.stages import SecondFactorStage
from municipality.accounts.views.sign_in import sign_in_options
from municipality.ui.language import LanguageSwitchMixin, is_switch


class StaffSignInView(LanguageSwitchMixin, LoginView):
    """Login name and password; the session is opened after the second factor."""

    form_class = StaffSignInForm
    template_name = "account/login.html"
    http_method_names = ["get", "head", "post"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user: Any = request.user
        if user.is_authenticated:
            if user.is_staff and has_second_factor(request):
                return redirect(next_paths.requested(request) or reverse("admin:index"))
            # The session of a person: a redirect would come back here.
            return render(request, "account/other_session.html", status=403)
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["ended"] = self.request.session.pop(ENDED, "")
        context["next"] = next_paths.requested(self.request)
        context["demo_staff"] = demo_sign_in.staff_codes(self.request)
        return context | sign_in_options()

    def form_invalid(self, form: StaffSignInForm) -> HttpResponse:
        if form.reached_limit is None:
            return self.render_to_response(self.get_context_data(form=form), status=400)
        headers = {"Retry-After": str(form.reached_limit.reset)}
        return self.render_to_response(self.get_context_data(form=form), status=429, headers=headers)


@method_decorator(login_stage_required(stage=SecondFactorStage.key, redirect_urlname="account_login"), name="dispatch")
class SecondFactorView(LanguageSwitchMixin, FormView):  # type: ignore[type-arg]
    """A code of the authenticator app or a passkey, after the right password in the same browser."""

    form_class = SecondFactorForm
    template_name = "mfa/authenticate.html"
    http_method_names = ["get", "head", "post"]

    @property
    def stage(self) -> Any:
        return self.request._login_stage  # type: ignore[attr-defined]  # where allauth's decorator leaves it for its own views too

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "user": self.stage.login.user}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        officer = self.stage.login.user
        context["options"] = passkeys.authentication_options(self.request, officer) if passkeys.of(officer).exists() else ""
        context["demo_staff"] = [entry for entry in demo_sign_in.staff_codes(self.request) if entry.user.pk == officer.pk]
        return context

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Handle a passkey's answer, or the form with the code."""
        if "credential" not in request.POST or is_switch(request):
            return super().post(request, *args, **kwargs)
        officer = self.stage.login.user
        try:
            key = passkeys.verify(request, request.POST["credential"], officer)
        except passkeys.UnusablePasskey as refusal:
            form = self.form_class(user=officer)
            return self.render_to_response(self.get_context_data(form=form, refusal=refusal.sentence), status=400)
        return self._enter(key)

    def _enter(self, authenticator: Any) -> HttpResponse:
        officer = self.stage.login.user
        post_authentication(self.request, authenticator)
        response: HttpResponse = self.stage.exit()
        known_devices.remember(self.request, response, login=officer.login)
        return response

    def form_valid(self, form: SecondFactorForm) -> HttpResponse:
        authenticator: Any = form.authenticator  # a valid form has one
        authenticator.user = self.stage.login.user
        return self._enter(authenticator)

    def form_invalid(self, form: SecondFactorForm) -> HttpResponse:
        status = 429 if form.has_error("code", "staff_code") else 400
        return self.render_to_response(self.get_context_data(form=form), status=status)


staff_sign_in = public(StaffSignInView.as_view())
second_factor = public(SecondFactorView.as_view())


@public
@never_cache
@require_safe
def inactive(request: HttpRequest) -> HttpResponse:
    """The page of a deactivated account."""
    return render(request, "account/account_inactive.html", status=403)
