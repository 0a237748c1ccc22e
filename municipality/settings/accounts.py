"""Signing in: how the sign-in library is set, and whom Mobile ID may vouch for. See docs/decisions/0007-sign-in.md."""

from __future__ import annotations

import environ

_env = environ.Env()

AUTHENTICATION_BACKENDS = [
    "municipality.accounts.backends.StaffBackend",
    "municipality.accounts.backends.PersonBackend",
]

# Passwords are for staff only: by login name, always followed by the second factor; nobody registers by a form.
ACCOUNT_ADAPTER = "municipality.accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = "login"
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_UNIQUE_EMAIL = False
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_LOGIN_TIMEOUT = 300

# The library counts tries in the cache, which may be away; ours are counted in the database (accounts.limits).
ACCOUNT_RATE_LIMITS = False
MFA_RATE_LIMITS = False

MFA_ADAPTER = "municipality.accounts.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = False  # accounts.services.passkeys decides whom a passkey lets in
MFA_PASSKEY_SIGNUP_ENABLED = False
MFA_TOTP_ISSUER = "Kuwait Municipality"
MFA_TOTP_TOLERANCE = 1
MFA_TRUST_ENABLED = False

SOCIALACCOUNT_ADAPTER = "municipality.accounts.adapters.SocialAdapter"
SOCIALACCOUNT_AUTO_SIGNUP = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_LOGIN_ON_GET = False

USERSESSIONS_TRACK_ACTIVITY = False  # accounts.middleware notes it, once a minute

MOBILE_ID_ADAPTER = _env.str("MOBILE_ID_ADAPTER", "municipality.accounts.mobile_id.http.HttpMobileId")
# Levels of assurance that open a session; the authority calls an identity confirmed by selfie and one-time code upgraded.
MOBILE_ID_ASSURANCES = _env.list("MOBILE_ID_ASSURANCES", default=["high"])
MOBILE_ID_CALLBACK_PATH = "/accounts/mobile-id/callback"
