"""One portal for all fault tests, whole again after each of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from script.support import services
from tools.chaos.portal import Broker, Portal
from tools.stack.running import Servers, Template


@pytest.fixture(scope="session")
def broker(servers: Servers) -> Iterator[Broker | None]:
    """A Redis that tests may empty and stop; none where the run has none."""
    if not servers.redis:
        yield None
        return
    own = Broker()
    try:
        own.start()
    except services.Unavailable as reason:
        pytest.skip(str(reason))
    yield own
    own.stop()


@pytest.fixture(scope="session")
def running_portal(stack_template: Template, broker: Broker | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    own, folder = stack_template.copy(tmp_path_factory.mktemp("chaos"))
    running = Portal(own, folder, broker)
    try:
        yield running.start()
    finally:
        running.stop()


@pytest.fixture
def portal(running_portal: Portal, request: pytest.FixtureRequest) -> Iterator[Portal]:
    """The portal with every part running; afterwards nothing waits, no invariant is broken and the record is whole."""
    if running_portal.broker is None and request.node.get_closest_marker("redis"):
        pytest.skip("Redis is not given (REDIS_URL)")
    running_portal.revive()
    yield running_portal
    running_portal.disarm()
    running_portal.drain()
    assert running_portal.ask("damage") == []
