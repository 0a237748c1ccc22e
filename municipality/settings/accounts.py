"""Settings of sign-in: allauth, Mobile ID, OpenID Connect. See docs/decisions/0007-sign-in.md."""

from __future__ import annotations

from pathlib import Path

import environ

_env = environ.Env()

AUTHENTICATION_BACKENDS = [
    "municipality.accounts.backends.StaffBackend",
    "municipality.accounts.backends.PersonBackend",
]

# Passwords are for staff only: by login name, always with a second factor, without registration. A passkey that verifies its holder
# counts as both.
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

# allauth counts attempts in the cache, which may be down; the portal counts them in the database (accounts.limits).
ACCOUNT_RATE_LIMITS = False
MFA_RATE_LIMITS = False

MFA_ADAPTER = "municipality.accounts.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = False  # allauth has one page for all; here people and staff have separate ones
MFA_PASSKEY_SIGNUP_ENABLED = False
MFA_TOTP_ISSUER = "Kuwait Municipality"
MFA_TOTP_TOLERANCE = 1
MFA_TRUST_ENABLED = False

SOCIALACCOUNT_ADAPTER = "municipality.accounts.adapters.SocialAdapter"
SOCIALACCOUNT_AUTO_SIGNUP = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_LOGIN_ON_GET = False

USERSESSIONS_TRACK_ACTIVITY = False  # accounts.middleware does it, once a minute

MOBILE_ID_ADAPTER = _env.str("MOBILE_ID_ADAPTER", "municipality.accounts.mobile_id.http.HttpMobileId")
# Accepted levels of assurance; the authority calls an identity that was confirmed by selfie and one-time code upgraded.
MOBILE_ID_ASSURANCES = _env.list("MOBILE_ID_ASSURANCES", default=["high"])
# How long Mobile ID shows a push on the phone (assumption; at most five minutes). Pages show this expiry, never the provider's, since
# a refused number has none.
MOBILE_ID_PUSH_SECONDS = _env.int("MOBILE_ID_PUSH_SECONDS", 300)
MOBILE_ID_CALLBACK_PATH = "/accounts/mobile-id/callback"

# An OpenID Connect provider in addition to Mobile ID or instead of it; none without an issuer (docs/decisions/0021-hsm-passkeys-openid.md).
OPENID_ISSUER = _env.str("OPENID_ISSUER", "")
OPENID_CLIENT_ID = _env.str("OPENID_CLIENT_ID", "")
_secret_file = _env.str("OPENID_CLIENT_SECRET_FILE", "")
OPENID_CLIENT_SECRET = Path(_secret_file).read_text(encoding="utf8").strip() if _secret_file else _env.str("OPENID_CLIENT_SECRET", "")
OPENID_CA_FILE = _env.str("OPENID_CA_FILE", "")
OPENID_SCOPES = _env.list("OPENID_SCOPES", default=["openid", "profile"])
OPENID_CIVIL_ID_CLAIM = _env.str("OPENID_CIVIL_ID_CLAIM", "civil_id")
OPENID_NAME_AR_CLAIM = _env.str("OPENID_NAME_AR_CLAIM", "name_ar")
OPENID_NAME_EN_CLAIM = _env.str("OPENID_NAME_EN_CLAIM", "name")
# The claim with the level of assurance, and its accepted values.
OPENID_ASSURANCE_CLAIM = _env.str("OPENID_ASSURANCE_CLAIM", "acr")
OPENID_ASSURANCES = _env.list("OPENID_ASSURANCES", default=[])
# The name of the provider in each language.
OPENID_LABEL_AR = _env.str("OPENID_LABEL_AR", "") or "الهوية الرقمية"
OPENID_LABEL_EN = _env.str("OPENID_LABEL_EN", "") or "digital identity"
# Origins for CSP's form-action: the issuer's, and others if its sign-in page has another.
OPENID_ORIGINS = [*(["/".join(OPENID_ISSUER.split("/")[:3])] if OPENID_ISSUER else []), *_env.list("OPENID_ORIGINS", default=[])]
