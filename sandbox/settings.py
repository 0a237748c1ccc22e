"""The portal on one machine for trying out: SQLite, simulators, keys made at first start. Loopback only."""

from __future__ import annotations

from datetime import date

from kombu.transport import TRANSPORT_ALIASES

from municipality.settings.accounts import OPENID_ORIGINS
from municipality.settings.base import *  # noqa: F403
from municipality.settings.base import CACHES, CELERY_BROKER_TRANSPORT_OPTIONS, CONTENT_SECURITY_POLICY, INSTALLED_APPS, VAR_DIR, env
from municipality.settings.databases import from_url
from municipality.settings.mail import use_mailers
from sandbox.keys import demo_keys, moci_key

if env.str("PORTAL_DEMO", "") != "1":
    raise SystemExit("The demo settings work only with PORTAL_DEMO=1.")

DEMO = True
SERVICE_OPENING_DAYS = {"signage": date(2027, 3, 1), "reports": date(2027, 4, 1)}  # invented
STAFF_CODES_COUNT_AS_KEYS = True  # for a browser on this machine; whoever tries the demo needs no hardware
INSTALLED_APPS = [*INSTALLED_APPS, "sandbox.demo"]
PORT = env.int("PORT", 8000)
_keys = demo_keys(VAR_DIR)
SECRET_KEY = _keys["SECRET_KEY"]
CIVIL_ID_KEY = _keys["CIVIL_ID_KEY"]
KNET_RESOURCE_KEY = _keys["KNET_RESOURCE_KEY"]
KNET_PASSWORD = _keys["KNET_PASSWORD"]
KNET_TRANPORTAL_ID = _keys["KNET_TRANPORTAL_ID"]
SIGNER_PASSPHRASE = _keys["SIGNER_PASSPHRASE"]
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
PORTAL_URL = env.str("PORTAL_URL", f"http://127.0.0.1:{PORT}")
DATABASES = {"default": from_url(env.str("DATABASE_URL", f"sqlite:///{VAR_DIR / 'portal.sqlite3'}"))}
if env.str("CACHE_URL", ""):
    CACHES = {**CACHES, "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": env.str("CACHE_URL")}}
# The simulators listen on the ports after the portal's own.
KNET_SIMULATOR_URL = env.str("KNET_SIMULATOR_URL", f"http://127.0.0.1:{PORT + 1}")
KNET_PAYMENT_URL = f"{KNET_SIMULATOR_URL}/kpg/PaymentHTTP.htm"
KNET_TRANPIPE_URL = f"{KNET_SIMULATOR_URL}/kpg/tranPipe.htm"
BANK_STATEMENT_URL = f"{KNET_SIMULATOR_URL}/statements"
MOBILE_ID_URL = env.str("MOBILE_ID_URL", f"http://127.0.0.1:{PORT + 2}")
MOBILE_ID_SERVICE_ID = "portal-demo"
SMS_URL = env.str("SMS_URL", f"http://127.0.0.1:{PORT + 3}")
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = VAR_DIR / "mail"
TASDEED_SIMULATOR_URL = env.str("TASDEED_SIMULATOR_URL", f"http://127.0.0.1:{PORT + 4}")
TASDEED_PAGE_URL, TASDEED_API_URL = f"{TASDEED_SIMULATOR_URL}/pay", f"{TASDEED_SIMULATOR_URL}/api/v1"
TASDEED_MERCHANT, TASDEED_SECRET = "municipality", _keys.get("TASDEED_SECRET", _keys["SECRET_KEY"])
MOCI_URL = env.str("MOCI_URL", f"http://127.0.0.1:{PORT + 5}/api/v1")
MOCI_KEY = moci_key(_keys)
CONTENT_SECURITY_POLICY["DIRECTIVES"]["form-action"] = ["'self'", KNET_SIMULATOR_URL, TASDEED_SIMULATOR_URL, *OPENID_ORIGINS]

if not env.str("REDIS_URL", ""):
    TRANSPORT_ALIASES["files"] = "municipality.jobs.file_transport:Transport"
    CELERY_BROKER_URL = "files://localhost//"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(VAR_DIR / "broker"),
        "data_folder_out": str(VAR_DIR / "broker"),
        "control_folder": str(VAR_DIR / "broker" / "control"),
        "polling_interval": 0.2,
    }

use_mailers(globals())
