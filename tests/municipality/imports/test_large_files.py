"""A file of an import or a layer comes in whole, also above the limit of what people attach."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory
from django.urls import reverse

from municipality.accounts.models import User
from municipality.imports.models import ImportFile
from shops.imports import columns as sheets
from tests.browsers import signed_in
from tests.factories.accounts import StaffFactory
from violations.legacy_fines import columns as fines
from zoning.imports import columns as plots
from zoning.layers import reading

MB = 1024 * 1024


def received(path: str, size: int, user: Any) -> int:
    """How many bytes of a file of `size` the view at a path finds."""
    request = RequestFactory().post(path, {"file": SimpleUploadedFile("a.csv", b"x" * size)})
    request.user = user
    file: Any = request.FILES["file"]
    file.close()
    return int(file.size)


@pytest.mark.parametrize(
    ("name", "args", "most"),
    [
        ("admin:office_paper", [], fines.MAX_BYTES),
        ("admin:register_files", [], sheets.MAX_BYTES),
        ("admin:register_corrections", [], sheets.MAX_BYTES),
        ("admin:plot_files", [], plots.MAX_BYTES),
        ("admin:plot_layer", ["heritage"], reading.MAX_BYTES),
    ],
)
def test_the_largest_file_of_staff_is_whole(name: str, args: list[str], most: int) -> None:
    assert received(reverse(name, args=args), most, User(is_staff=True)) == most


def test_a_larger_one_is_cut_above_the_limit_and_that_of_others_sooner() -> None:
    path = reverse("admin:office_paper")
    assert fines.MAX_BYTES < received(path, fines.MAX_BYTES + MB, User(is_staff=True)) <= fines.MAX_BYTES + MB
    assert received(path, 12 * MB, AnonymousUser()) < 11 * MB, "whoever is not signed in fills no disk"


def test_an_ordinary_page_takes_no_more_from_staff() -> None:
    assert received("/admin/field/new/", 12 * MB, User(is_staff=True)) < 11 * MB


@pytest.mark.django_db
def test_no_line_of_a_sheet_above_ten_megabytes_is_lost() -> None:
    clerk: Any = StaffFactory(branch_id=None)
    clerk.groups.add(Group.objects.get(name="register_clerk"))
    line = b",".join([b"900001/2020", "مطعم".encode() * 60, b"Restaurant " * 40])
    content = b"\r\n".join([",".join(sheets.NEEDED).encode(), *[line] * 12_000])
    assert len(content) > 10.5 * MB
    file = SimpleUploadedFile("register.csv", content)
    response = signed_in(clerk).post(reverse("admin:register_files"), {"file": file})
    assert response.status_code == 302
    row = ImportFile.objects.get()
    assert (row.lines, row.sha256) == (12_000, hashlib.sha256(content).hexdigest())
