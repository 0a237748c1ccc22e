"""The stage between a right password and a session."""

from __future__ import annotations

from typing import Any

from allauth.core.internal.httpkit import headed_redirect_response
from allauth.mfa.stages import AuthenticateStage


class SecondFactorStage(AuthenticateStage):
    """Stops every staff login, also of those who have no second factor yet: they cannot pass it."""

    def handle(self) -> tuple[Any, bool]:
        user: Any = self.login.user
        if user is not None and not user.is_staff:
            return None, True
        self.state["authentication_required"] = True
        return headed_redirect_response("mfa_authenticate"), True
