"""The stage of allauth's login between a right password and a session."""

from __future__ import annotations

from typing import Any

from allauth.core.internal.httpkit import headed_redirect_response
from allauth.mfa.stages import AuthenticateStage
from allauth.mfa.webauthn.internal.flows import did_use_passwordless_login


class SecondFactorStage(AuthenticateStage):
    """Requires a second factor of every staff login, even of users who have none and thus cannot pass.

    A passkey that verified its holder counts as both factors.
    """

    def handle(self) -> tuple[Any, bool]:
        user: Any = self.login.user
        if user is not None and (not user.is_staff or did_use_passwordless_login(self.request, user)):
            return None, True
        self.state["authentication_required"] = True
        return headed_redirect_response("mfa_authenticate"), True
