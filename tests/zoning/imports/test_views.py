"""The pages of a file of plots: its map, and its undoing by two people."""

from __future__ import annotations

from tests.browsers import signed_in
from tests.zoning.imports.conftest import Office
from tests.zoning.imports.files import row
from zoning.models import LoadUndo, Plot


def test_the_map_of_a_file_and_of_one_of_its_blocks(office: Office) -> None:
    file = office.read(row(1), row(2, block="7"))
    client, page = signed_in(office.planner), f"/admin/plots/files/{file.public_id}/"
    area = Plot._meta.get_field("area").related_model.objects.order_by("pk")[0].pk
    assert client.get(page).content.decode().count('class="is-added" d="M') == 2
    text = client.get(page, {"area": area, "block": "7"}).content.decode()
    assert text.count('class="is-added" d="M') == 1 and ">2</text>" in text


def test_a_load_is_undone_on_its_page_by_two_people_and_what_was_typed_stays(office: Office) -> None:
    file = office.load(row(1))
    page = f"/admin/plots/files/{file.public_id}/undo/"
    clerk, planner = signed_in(office.clerk), signed_in(office.planner)
    short = clerk.post(page, {"step": "ask", "reason": "قصير"})
    assert short.status_code == 409 and "قصير</textarea>" in short.content.decode()
    assert clerk.post(page, {"step": "ask", "reason": "رفع مساحي خاطئ في القطعة"}).status_code == 302
    assert clerk.post(page, {"step": "allow"}).status_code == 409
    assert planner.post(page, {"step": "allow"}).status_code == 302
    assert LoadUndo.objects.get().allowed_by == office.planner
    assert planner.post(page, {"step": "allow"}).status_code == 409
