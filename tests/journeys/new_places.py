"""Places of the demo where a barber shop may open, and an inspection that is passed there. Runs inside `manage.py shell` of the stack."""

from __future__ import annotations

import json

FOUND = "FOUND "
ACTIVITY = "BARB"


def find(count: int) -> None:
    """Print so many plots of Hawalli on whose ground floor the activity is permitted, as JSON."""
    from municipality.kernel import clock
    from zoning.answer import places
    from zoning.models import Plot

    found: list[dict[str, str]] = []
    plots = Plot.objects.filter(area__governorate="HA", valid_to=None).order_by("area_id", "block", "number")
    for plot in plots.iterator():
        asked = {"area": plot.area_id, "block": plot.block, "plot_number": plot.number, "paci_number": ""}
        if places.answer_at(**asked, activity=ACTIVITY, floor="0", day=clock.today()).outcome == "permitted":
            found.append({"area": str(plot.area_id), "block": plot.block, "plot": plot.number})
        if len(found) == count:
            break
    print(FOUND + json.dumps(found))


def pass_inspection(public_id: str) -> None:
    """The inspector of a request finds everything as it should be."""
    from municipality.cases.models import Case
    from tests.factories import new_licences

    new_licences.pass_inspection(new_licences.fresh(Case.objects.get(public_id=public_id)))
