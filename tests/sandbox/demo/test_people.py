"""The made-up people."""

from __future__ import annotations

import json
import os
from pathlib import Path

from municipality.kernel import civil_id
from sandbox.demo.platform.people import SERIAL, identities, write_for_simulator
from sandbox.simulators.mobile_id.people import Register


def test_there_are_forty_with_valid_numbers_that_are_marked_as_made_up() -> None:
    numbers = [one.civil_id for one in identities()]
    assert len(set(numbers)) == 40
    for number in numbers:
        assert civil_id.parse(number) == number
        assert number[7:9] == SERIAL


def test_names_phones_and_addresses_differ() -> None:
    found = identities()
    for values in ({one.person.name_ar for one in found}, {one.person.name_en for one in found}, {one.mobile for one in found}):
        assert len(values) == 40
    assert len({one.email for one in found}) == 40
    assert all(len(one.mobile) == 12 and one.email.endswith(".invalid") for one in found)


def test_they_are_the_same_every_time() -> None:
    assert identities() == identities()


def test_the_simulator_reads_the_file_and_nobody_else_may(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "people.json"
    write_for_simulator(path, identities())
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]
    everybody = Register(path).everybody()
    assert [person.civil_id for person in everybody] == [row["civil_id"] for row in json.loads(path.read_text(encoding="utf8"))]
    assert everybody[0].name_en == identities()[0].person.name_en
