"""The measure itself: a mutant reaches everybody who holds the function, and the figures count what they say."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from tools.benchmarks.mutants import EMPTY, ORDER
from tools.mutation import figures
from tools.mutation.loaded import mutate

TEXT = """
import functools

def twice(function):
    @functools.wraps(function)
    def run(number):
        return 2 * function(number)
    return run

@twice
def plain(number):
    return number + 1

class Thing:
    @staticmethod
    def fixed(number):
        return number + 1

    @property
    def own(self):
        return 1
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The text above as a module `mutated_thing`, in the folder where the process stands."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mutated_thing.py"
    path.write_text(TEXT, encoding="utf8")
    made = ModuleType("mutated_thing")
    exec(compile(TEXT, str(path.resolve()), "exec"), made.__dict__)
    monkeypatch.setitem(sys.modules, "mutated_thing", made)
    return made


def test_a_mutated_body_is_run_by_whoever_took_the_function_before(module: ModuleType) -> None:
    taken, thing = module.plain, module.Thing()
    assert (taken(3), thing.fixed(3), thing.own) == (8, 4, 1)
    mutated = TEXT.replace("number + 1", "number - 1").replace("return 1", "return 7")
    mutate("mutated_thing.py", "plain", mutated)
    assert (taken(3), thing.fixed(3)) == (4, 4)
    mutate("mutated_thing.py", "Thing.fixed", mutated)
    mutate("mutated_thing.py", "Thing.own", mutated)
    assert (thing.fixed(3), thing.own) == (2, 7)


def test_another_modules_function_is_not_taken_for_it(module: ModuleType) -> None:
    module.plain = Path.exists
    with pytest.raises(LookupError):
        mutate("mutated_thing.py", "plain", TEXT)


def verdict(number: int, *, killed: bool) -> dict[str, object]:
    return {"key": f"k{number}", "module": "a.py", "operator": "AddNot", "was": f"{number}", "becomes": f"not {number}", "killed": killed}


def test_listed_mutants_are_not_counted_and_a_sample_says_so() -> None:
    told = [verdict(number, killed=number < 8 or number == 10) for number in range(11)] + [verdict(99, killed=True)]
    bodies, tables = {f"k{number}": "body" for number in range(10)}, {f"k{number}": "import" for number in range(10, 50)}
    listed = [("a.py", "AddNot", "9", "not 9"), ("a.py", "AddNot", "1", "not 1")]
    rows = figures.rows(told, {"a.py": bodies | tables}, listed)
    assert rows[0] == ("`a.py`, bodies", "10", "10", "8", "1", "1", "88.9 %")
    assert rows[1] == ("**all bodies**", *rows[0][1:])
    assert rows[2] == ("`a.py`, at import", "40", "1", "1", "0", "0", "100.0 % (21 to 100)")


def test_the_interval_of_a_share_is_wilsons() -> None:
    assert [round(end, 1) for end in figures.interval(90, 100)] == [82.6, 94.5]
    assert figures.interval(0, 0) == (0.0, 100.0)


def test_every_module_that_decides_about_money_is_measured(root: Path) -> None:
    found = {str(path.relative_to(root)) for folder in ("services", "providers/knet") for path in (root / "payments" / folder).glob("*.py")}
    assert found | {"payments/rules.py"} == {*ORDER, *EMPTY}


def test_a_listed_mutant_is_one_of_a_line_that_stands(root: Path) -> None:
    for (module, _operator, was, _becomes), why in figures.listed().items():
        joined = " ".join(line.strip() for line in (root / module).read_text(encoding="utf8").splitlines())
        assert was in joined and why, (module, was)
