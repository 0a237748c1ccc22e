"""Settings of production: PostgreSQL, two Redis instances, secrets from files. Checked by `settings.guard`."""

from __future__ import annotations

from municipality.settings.accounts import OPENID_ORIGINS
from municipality.settings.base import *  # noqa: F403
from municipality.settings.base import CACHES, CONTENT_SECURITY_POLICY, env, secret
from municipality.settings.databases import from_url
from municipality.settings.guard import require_safe
from municipality.settings.mail import use_mailers

DEBUG = False
DATABASE_URL = secret("DATABASE_URL")
DATABASES = {"default": from_url(DATABASE_URL)} if DATABASE_URL else {}
# While the cache is down a page waits for it a second at most; it holds nothing that must not be lost.
CACHES = {
    **CACHES,
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": secret("CACHE_URL"),
        "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 1.0},
    },
}
CELERY_BROKER_URL = secret("REDIS_URL")
EMAIL_BACKEND = env.str("EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")

SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", True)
# The bank's server and the probes request these paths directly; a redirect would void a payment.
SECURE_REDIRECT_EXEMPT = [r"^pay/knet/", r"^healthz$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31536000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-session"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-csrf"
LANGUAGE_COOKIE_SECURE = True
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", 1)

_gateways = ("/".join(env.str(name, "").split("/")[:3]) for name in ("KNET_PAYMENT_URL", "TASDEED_PAGE_URL"))
CONTENT_SECURITY_POLICY["DIRECTIVES"]["form-action"] = ["'self'", *filter(None, _gateways), *OPENID_ORIGINS]

require_safe(globals(), lambda name: env.str(name, ""))
use_mailers(globals())
