"""Settings common to all environments. Values that an operator may change come from the environment (see README, configuration)."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import environ

from municipality.settings.accounts import *  # noqa: F403
from municipality.settings.maps import *  # noqa: F403
from municipality.settings.maps import MAP_TILES, is_vector, origin_of
from municipality.settings.open_data import *  # noqa: F403
from municipality.settings.uploads import *  # noqa: F403
from municipality.settings.uploads import UPLOADS_ORIGIN

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = environ.Env()


def secret(name: str, default: str = "") -> str:
    """The content of the file at the path NAME_FILE (container secrets), else the value of NAME."""
    path = env.str(f"{name}_FILE", "")
    return Path(path).read_text(encoding="utf8").strip() if path else env.str(name, default)


DEMO = False
DEBUG = False
SECRET_KEY = secret("SECRET_KEY")
SECRET_KEY_FALLBACKS = [key for key in secret("SECRET_KEY_FALLBACKS").split(",") if key]
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
PORTAL_URL = env.str("PORTAL_URL", "").rstrip("/")  # paths, which begin with a slash, are appended
VAR_DIR = Path(env.str("PORTAL_VAR", str(BASE_DIR / "var")))

INSTALLED_APPS = [
    "municipality.ui",
    "municipality.places",
    "municipality.audit",
    "municipality.jobs",
    "municipality.accounts",
    "municipality.rulebook",
    "municipality.documents",
    "municipality.uploads",
    "municipality.notifications",
    "municipality.delegation",
    "municipality.drafts",
    "municipality.imports",
    "municipality.cases",
    "municipality.incidents",
    "municipality.review",
    "municipality.fieldwork",
    "payments",
    "zoning",
    "shops",
    "licensing",
    "violations",
    "reports",
    "municipality.accounts.apps.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.mfa",
    "allauth.usersessions",
    "rest_framework",
    "drf_spectacular",
    "csp",
]

MIDDLEWARE = [
    "municipality.ui.middleware.RequestCacheMiddleware",
    "municipality.uploads.origin.FileOriginMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "municipality.ui.compression.CompressionMiddleware",
    "csp.middleware.CSPMiddleware",
    "municipality.ui.middleware.CookielessMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "municipality.accounts.middleware.NeverCacheMiddleware",
    "municipality.ui.middleware.LanguageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "municipality.ui.middleware.TextMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "municipality.drafts.middleware.UnsavedInputMiddleware",
    "municipality.accounts.middleware.SessionLimitsMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "municipality.ui.middleware.RefusalMiddleware",
    "municipality.documents.middleware.StoreMiddleware",
]

ROOT_URLCONF = "municipality.urls"
WSGI_APPLICATION = "municipality.wsgi.application"
ASGI_APPLICATION = "municipality.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "municipality.ui.context.portal",
                "municipality.delegation.context.assistance",
            ],
            "builtins": [
                "municipality.ui.templatetags.portal",
                "django.templatetags.cache",
                "django.templatetags.i18n",
                "django.templatetags.static",
            ],
        },
    }
]
# Template fragments ({% cache %}) are cached in each process: they are the same for everybody, and need no request to Redis.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "template_fragments": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "template_fragments",
        "OPTIONS": {"MAX_ENTRIES": 1000},
    },
}
FORM_RENDERER = "municipality.ui.forms.PortalRenderer"

# Language and time.
LANGUAGE_CODE = "ar"
LANGUAGES = [("ar", "العربية"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["municipality.ui.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Kuwait"

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", str(VAR_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": VAR_DIR / "files"}},
    "staticfiles": {"BACKEND": "municipality.ui.storage.StaticFilesStorage"},
}
WHITENOISE_MAX_AGE = 60
WHITENOISE_KEEP_ONLY_HASHED_FILES = True  # pages name no other, and each is compressed twice

# Users.
AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "accounts:sign_in"
LOGIN_REDIRECT_URL = "/"
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_IDLE_SECONDS = env.int("SESSION_IDLE_SECONDS", 15 * 60)
SESSION_ABSOLUTE_SECONDS = env.int("SESSION_ABSOLUTE_SECONDS", 12 * 3600)
SESSION_COOKIE_AGE = SESSION_ABSOLUTE_SECONDS
# The maximum age of the last proof of a user for acts that need reauthentication (accounts.proof).
PROOF_SECONDS = env.int("PROOF_SECONDS", 5 * 60)
# Whether a code serves instead of a passkey: in the demo only, whose codes are printed.
STAFF_CODES_COUNT_AS_KEYS = False
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "municipality.ui.errors.csrf_failure"
CIVIL_ID_KEY = secret("CIVIL_ID_KEY")

# The Municipality's hotline, and the page of the Public Authority for Food and Nutrition, which licenses food shops (no link if empty).
MUNICIPALITY_PHONE = env.str("MUNICIPALITY_PHONE", "139")
# Announced days on which services open in the portal, as `signage=2027-03-01,zoning=2027-02-01`.
SERVICE_OPENING_DAYS = {code: date.fromisoformat(day) for code, day in env.dict("SERVICE_OPENING_DAYS", default={}).items()}
# The transformation (a code of zoning.geometry.systems.SYSTEMS) of files in the Municipality's grid, EPSG:31901: an assumption.
ZONING_GRID = env.str("ZONING_GRID", "kudams-2019")
PAFN_URL = env.str("PAFN_URL", "https://www.pafn.gov.kw/")
MOCI_SITE_URL = env.str("MOCI_SITE_URL", "https://www.moci.gov.kw/")
# Hours after the last successful run of the register's periodic work until its pages and API warn about it.
REGISTER_STALE_HOURS = env.int("REGISTER_STALE_HOURS", 26)
# How long a process caches these times.
REGISTER_FRESHNESS_SECONDS = env.int("REGISTER_FRESHNESS_SECONDS", 5)
# How long a process caches the names of areas and activities and their competent authorities, which only an upgrade changes, and the
# names of trades, of which a new edition takes effect in the search after so many seconds.
NAMED_LISTS_SECONDS = env.int("NAMED_LISTS_SECONDS", 60)
# How long a process caches the numbers of the public page of the queue.
PUBLIC_QUEUE_SECONDS = env.int("PUBLIC_QUEUE_SECONDS", 60)

# External systems.
MOBILE_ID_URL = env.str("MOBILE_ID_URL", "")
MOBILE_ID_SERVICE_ID = env.str("MOBILE_ID_SERVICE_ID", "")
MOBILE_ID_CA_FILE = env.str("MOBILE_ID_CA_FILE", "")
MOBILE_ID_CLIENT_CERTIFICATE = env.str("MOBILE_ID_CLIENT_CERTIFICATE", "")
SMS_BACKEND = env.str("SMS_BACKEND", "municipality.notifications.sms.HttpSms")
SMS_URL = env.str("SMS_URL", "")
# The gateway of new payments; earlier ones stay with theirs.
PAYMENT_PROVIDER = env.str("PAYMENT_PROVIDER", "payments.providers.knet.Knet")
TASDEED_PAGE_URL = env.str("TASDEED_PAGE_URL", "")
TASDEED_API_URL = env.str("TASDEED_API_URL", "")
TASDEED_MERCHANT = env.str("TASDEED_MERCHANT", "")
TASDEED_SECRET = secret("TASDEED_SECRET")
KNET_PAYMENT_URL = env.str("KNET_PAYMENT_URL", "")
KNET_TRANPIPE_URL = env.str("KNET_TRANPIPE_URL", "")
KNET_TRANPORTAL_ID = secret("KNET_TRANPORTAL_ID")
KNET_PASSWORD = secret("KNET_PASSWORD")
KNET_RESOURCE_KEY = secret("KNET_RESOURCE_KEY")
KNET_CA_FILE = env.str("KNET_CA_FILE", "")
KNET_LANGID_AR = env.str("KNET_LANGID_AR", "AR")
KNET_LANGID_EN = env.str("KNET_LANGID_EN", "EN")
KNET_XML_WRAPPER = env.bool("KNET_XML_WRAPPER", False)
# The element of an inquiry's answer with the sum returned so far; without it staff look it up (assumption).
KNET_CREDITED_ELEMENT = env.str("KNET_CREDITED_ELEMENT", "creditedamt")
# The mapping of the bank's settlement file, a JSON object (docs/reconciliation.md). Its format is an assumption.
BANK_STATEMENT_MAPPING = env.json("BANK_STATEMENT_MAPPING", {})
BANK_STATEMENT_URL = env.str("BANK_STATEMENT_URL", "")
# Seconds from our acknowledgement to the first inquiry, and to the one that would detect a late void.
KNET_INQUIRY_DELAY_SECONDS = env.int("KNET_INQUIRY_DELAY_SECONDS", 3)
KNET_CONFIRM_DELAY_SECONDS = env.int("KNET_CONFIRM_DELAY_SECONDS", 600)
KNET_PAGE_LIFETIME_SECONDS = env.int("KNET_PAGE_LIFETIME_SECONDS", 1800)

# The commercial register (MOCI). It has no public API: the adapter uses an assumed one. Not connected without a URL.
MOCI_ADAPTER = env.str("MOCI_ADAPTER", "shops.commercial_register.http.HttpRegister")
MOCI_URL = env.str("MOCI_URL", "")
MOCI_KEY = secret("MOCI_KEY")
MOCI_CA_FILE = env.str("MOCI_CA_FILE", "")
# When the nightly delta may start, in Kuwait's time, and the number of changes in a page.
MOCI_WINDOW = env.str("MOCI_WINDOW", "01:00-05:00")
MOCI_PAGE_SIZE = env.int("MOCI_PAGE_SIZE", 200)
# A full listing without more than this percentage of our licences is rejected.
MOCI_MOST_MISSING_PERCENT = env.int("MOCI_MOST_MISSING_PERCENT", 5)

SIGNER = env.str("SIGNER", "municipality.documents.signing.FileKeySigner")
SIGNER_KEY_FILE = env.str("SIGNER_KEY_FILE", str(VAR_DIR / "seal" / "seal.p12"))
SIGNER_PASSPHRASE = secret("SIGNER_PASSPHRASE")
# Instead of the file: a key in a PKCS#11 token. The PIN's file is read at each login to the token, so that a new PIN works at once.
SIGNER_PKCS11_MODULE = env.str("SIGNER_PKCS11_MODULE", "")
SIGNER_PKCS11_TOKEN = env.str("SIGNER_PKCS11_TOKEN", "")
SIGNER_PKCS11_KEY = env.str("SIGNER_PKCS11_KEY", "")
SIGNER_PKCS11_PIN_FILE = env.str("SIGNER_PKCS11_PIN_FILE", "")

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = env.str("EMAIL_HOST", "localhost")
EMAIL_PORT = env.int("EMAIL_PORT", 25)
EMAIL_HOST_USER = secret("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = secret("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", True)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "portal@example.invalid")

# Jobs are rows of the outbox; a broker message only says that one is due (docs/decisions/0003-outbox.md).
CELERY_BROKER_URL = env.str("REDIS_URL", "")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 100
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_DB_REUSE_MAX = 500  # tasks on one database connection; Celery would open one for each, which costs more than a short job
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
# Seconds for which the place of a killed child in the pool stays taken; the outbox knows whether its job is done.
CELERY_WORKER_LOST_WAIT = 1.0
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20
CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_TASK_DEFAULT_QUEUE = "urgent"
CELERY_BEAT_SCHEDULER = "municipality.jobs.heartbeats:Scheduler"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {
    "visibility_timeout": 300,
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
    "socket_timeout": 3,
    "socket_connect_timeout": 2,
}

REST_FRAMEWORK = {
    "EXCEPTION_HANDLER": "municipality.interface.problem_handler",
    "URL_FORMAT_OVERRIDE": None,  # the format is negotiated by Accept only
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Kuwait Municipality e-services",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {"DocumentStateEnum": "municipality.api.DOCUMENT_STATES", "ShopStateEnum": "shops.open_data.table.SHOP_STATES"},
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "shops.search.views.schema.codes"],
}

# Security headers.
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", *filter(None, (UPLOADS_ORIGIN, "" if is_vector(MAP_TILES) else origin_of(MAP_TILES)))],
        "font-src": ["'self'"],
        "connect-src": ["'self'", *filter(None, (origin_of(MAP_TILES) if is_vector(MAP_TILES) else "",))],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO")},
    "loggers": {"django.request": {"level": "ERROR"}, "fontTools": {"level": "WARNING"}, "weasyprint": {"level": "ERROR"}},
}
