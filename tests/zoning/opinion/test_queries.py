"""The pages of opinions ask the database a bounded number of times."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from municipality.accounts.models import User
from tests.browsers import signed_in
from tests.factories.opinions import begun
from zoning.models import Opinion

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("page", "most"), [("begin", 8), ("order", 18), ("case", 15)])
def test_a_page_asks_the_database_a_bounded_number_of_times(opinion: Opinion, owner: User, page: str, most: int) -> None:
    draft = begun(opinion.plot, owner)
    paths = {
        "begin": f"/en/plots/{opinion.plot.public_id}/opinion/",
        "order": f"/en/opinions/{draft.public_id}/",
        "case": f"/en/cases/{opinion.case.public_id}/",
    }
    client = signed_in(owner)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(paths[page]).status_code == 200
    # Editions are kept by the process, but not inside the transaction of a test; nor are the figures and lists that the process keeps.
    own = [query["sql"] for query in asked.captured_queries if "rulebook_" not in query["sql"]]
    assert len(own) <= most, own
