"""The pages of the open data and of following, in each state."""

from __future__ import annotations

from tests.architecture.open311_matrix import VISITS as OPEN311
from tests.architecture.page_responses import Visit
from tests.architecture.public_reports_matrix import VISITS as PUBLIC_REPORTS


def visits() -> list[Visit]:
    """The pages in each state."""
    follow = "/{lang}/shops/{s.register.with_events.public_id}/follow/"
    return [
        Visit("/{lang}/open-data/"),
        Visit("/{lang}/open-data/", minutes=27 * 60, note="old"),
        Visit(follow, "owner", note="followed"),
        Visit(follow, "stranger", note="not followed"),
        Visit(follow, "newcomer", note="without an address"),
        Visit(follow, "stranger", post={}, note="nothing chosen"),
        Visit(follow, "stranger", post={"what": "area"}, status=302, note="the area"),
        Visit("/{lang}/follows/", "owner"),
        Visit("/{lang}/follows/", "stranger", note="nothing"),
        Visit("/follows/stop/{s.open.token}?_language={lang}"),
        Visit("/follows/stop/{s.open.token}?_language={lang}", post={}, note="ended"),
        Visit("/follows/stop/none?_language={lang}", status=404),
        *OPEN311,
        *PUBLIC_REPORTS,
    ]
