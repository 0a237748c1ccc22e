"""Settings of the portal that tests start as real processes: the demo's, with the clock of the test run."""

from __future__ import annotations

import datetime as dt

from municipality.kernel import clock
from sandbox.settings import *  # noqa: F403
from sandbox.settings import env

clock.set_offset(dt.timedelta(seconds=env.float("TEST_CLOCK_OFFSET")))
