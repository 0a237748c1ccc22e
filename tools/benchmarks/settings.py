"""The demo's settings with floor views beside the portal's own, and a middleware at each end that records on request."""

from __future__ import annotations

from sandbox.settings import *  # noqa: F403
from sandbox.settings import BASE_DIR, MIDDLEWARE, TEMPLATES

ROOT_URLCONF = "tools.benchmarks.urls"
TEMPLATES = [{**TEMPLATES[0], "DIRS": [BASE_DIR / "templates", BASE_DIR / "tools" / "benchmarks" / "templates"]}]
MIDDLEWARE = [
    "tools.benchmarks.recording.CountingMiddleware",
    *MIDDLEWARE,
    "tools.benchmarks.recording.RecordingMiddleware",
]
# Every visitor of the check page is somebody else: the benchmark names the visitor in X-Forwarded-For.
ALLAUTH_TRUSTED_PROXY_COUNT = 1
