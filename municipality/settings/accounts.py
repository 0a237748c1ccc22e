"""Signing in: how the sign-in library is set, and whom Mobile ID may vouch for. See docs/decisions/0007-sign-in.md."""

from __future__ import annotations

from pathlib import Path

import environ

_env = environ.Env()

AUTHENTICATION_BACKENDS = [
    "municipality.accounts.backends.StaffBackend",
    "municipality.accounts.backends.PersonBackend",
]

# Passwords are for staff only: by login name, always followed by the second factor; nobody registers by a form. A passkey that
# checks its holder is both at once.
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
MFA_PASSKEY_LOGIN_ENABLED = False  # the library's page stays closed: it knows one door, here people and staff have each their own
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
# How long Mobile ID leaves a push on the phone (assumption; five minutes at most). The page shows this end, never the provider's own:
# a number that it refuses has none.
MOBILE_ID_PUSH_SECONDS = _env.int("MOBILE_ID_PUSH_SECONDS", 300)
MOBILE_ID_CALLBACK_PATH = "/accounts/mobile-id/callback"

# Any OpenID Connect provider beside Mobile ID or instead of it; no issuer, no such way in (docs/decisions/0021-hsm-passkeys-openid.md).
OPENID_ISSUER = _env.str("OPENID_ISSUER", "")
OPENID_CLIENT_ID = _env.str("OPENID_CLIENT_ID", "")
_secret_file = _env.str("OPENID_CLIENT_SECRET_FILE", "")
OPENID_CLIENT_SECRET = Path(_secret_file).read_text(encoding="utf8").strip() if _secret_file else _env.str("OPENID_CLIENT_SECRET", "")
OPENID_CA_FILE = _env.str("OPENID_CA_FILE", "")
OPENID_SCOPES = _env.list("OPENID_SCOPES", default=["openid", "profile"])
OPENID_CIVIL_ID_CLAIM = _env.str("OPENID_CIVIL_ID_CLAIM", "civil_id")
OPENID_NAME_AR_CLAIM = _env.str("OPENID_NAME_AR_CLAIM", "name_ar")
OPENID_NAME_EN_CLAIM = _env.str("OPENID_NAME_EN_CLAIM", "name")
# The claim that says how sure the provider is, and the values of it that open a session.
OPENID_ASSURANCE_CLAIM = _env.str("OPENID_ASSURANCE_CLAIM", "acr")
OPENID_ASSURANCES = _env.list("OPENID_ASSURANCES", default=[])
# What people know the provider by, in each language.
OPENID_LABEL_AR = _env.str("OPENID_LABEL_AR", "") or "الهوية الرقمية"
OPENID_LABEL_EN = _env.str("OPENID_LABEL_EN", "") or "digital identity"
# Where a form may lead: the issuer's origin, and others if its sign-in page stands elsewhere.
OPENID_ORIGINS = [*(["/".join(OPENID_ISSUER.split("/")[:3])] if OPENID_ISSUER else []), *_env.list("OPENID_ORIGINS", default=[])]
