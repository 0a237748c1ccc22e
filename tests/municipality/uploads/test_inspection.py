"""What hostile files do to the child and what is left of them (U2 to U5), each with the harm that comes without the guard."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from PIL import Image

from municipality.uploads import file_names, inspection, inspector
from municipality.uploads.inspection import InspectorFailed, Reencoded, inspect_file
from municipality.uploads.parts import work_folder
from municipality.uploads.refusals import SENTENCES
from tests.municipality.uploads import hostile, seeds

MB = 1024 * 1024
FULL = os.environ.get("CHAOS_FULL") == "1"


@pytest.fixture(autouse=True)
def _room(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path


def seen(content: bytes, **limits: Any) -> Reencoded | str:
    """What the portal makes of a file: by its first bytes, then by the child."""
    kind = file_names.kind_of(content[: file_names.HEAD])
    if kind not in file_names.ACCEPTED:
        return kind
    with work_folder() as room:
        (room / "arrived").write_bytes(content)
        return inspect_file(room / "arrived", kind, **limits)


def reencoded(content: bytes, **limits: Any) -> Reencoded:
    found = seen(content, **limits)
    assert isinstance(found, Reencoded), found
    return found


MEASURE = """
import resource, sys, pathlib, json
sys.path.insert(0, sys.argv[1])
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "municipality.settings.test"
from municipality.uploads.inspection import inspect_file, Reencoded
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = inspect_file(pathlib.Path(sys.argv[2]), sys.argv[3], **json.loads(sys.argv[4]))
child = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({
    "found": "reencoded" if isinstance(found, Reencoded) else found,
    "seconds": child.ru_utime + child.ru_stime,
    "child": child.ru_maxrss // 1024,
    "grown": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024,
}))
"""


def measured(content: bytes, tmp_path: Path, root: Path, **limits: Any) -> dict[str, Any]:
    """Verdict, seconds, most memory (MB) of the child, and how much the asking process grew (MB): in a process of its own."""
    path = tmp_path / "bomb"
    path.write_bytes(content)
    kind = file_names.kind_of(content[: file_names.HEAD])
    if kind not in file_names.ACCEPTED:
        return {"found": kind, "seconds": 0.0, "child": 0, "grown": 0}
    command = [sys.executable, "-c", MEASURE, str(root), str(path), kind, json.dumps(limits)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    return dict(json.loads(done.stdout.splitlines()[-1]))


# Bombs (U2).


@pytest.fixture(scope="module")
def bombs() -> dict[str, bytes]:
    return hostile.bombs()


NAMES = [
    "png of 169 million points",
    "png with pixels without end",
    "png with packed text",
    "png with packed profile",
    "webp of 10,000 frames",
    "png of 200 frames",
    "pdf of a million objects",
    "pdf of 300,000 real objects",
    "pdf with a huge picture",
    "pdf of nested arrays",
    "pdf of forms in forms",
    "archive in an archive",
    "xml with entities",
]
# Rendered without unpacking the surplus: the picture that the header promises, the page without the picture that is too large.
HARMLESS = {"png with pixels without end", "pdf with a huge picture"}


@pytest.mark.parametrize("name", NAMES)
def test_a_bomb_is_refused_by_a_child_that_stays_small(name: str, bombs: dict[str, bytes], tmp_path: Path, root: Path) -> None:
    assert set(NAMES) == set(bombs)
    assert len(bombs[name]) <= 10 * MB
    found = measured(bombs[name], tmp_path, root)
    assert found["found"] in SENTENCES or name in HARMLESS, found
    assert found["child"] <= 256, found
    assert found["grown"] <= 8, found
    assert found["seconds"] <= 8, found  # of the processor; below one where nobody shares the machine


def test_without_the_limit_of_points_the_child_swells(bombs: dict[str, bytes], tmp_path: Path, root: Path) -> None:
    held = measured(bombs["png of 169 million points"], tmp_path, root)
    swollen = measured(bombs["png of 169 million points"], tmp_path, root, pixels=10**9, memory=4096 * MB, output=2048 * MB)
    assert held["found"] == "pixels" and held["child"] + 100 < swollen["child"]
    assert swollen["found"] == "reencoded" and swollen["child"] > 300


def test_without_the_limit_of_memory_the_child_swells_even_if_nobody_counts_points(
    bombs: dict[str, bytes], tmp_path: Path, root: Path
) -> None:
    bomb = bombs["png of 169 million points"]
    held = measured(bomb, tmp_path, root, pixels=10**9)
    assert held["found"] == "heavy" and held["child"] <= 256
    assert measured(bomb, tmp_path, root, pixels=10**9, limited=False)["child"] > 300


def test_the_endless_paper_is_ended_by_the_clock_of_the_processor(bombs: dict[str, bytes], tmp_path: Path, root: Path) -> None:
    found = measured(bombs["pdf of forms in forms"], tmp_path, root, seconds=1, memory=2048 * MB)
    assert found["found"] == "heavy" and found["seconds"] < 5


def test_a_child_that_sleeps_is_ended_by_the_clock_on_the_wall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sleeper = tmp_path / "sleeper.py"
    sleeper.write_text("import time; time.sleep(200)")
    monkeypatch.setattr(inspection, "PROGRAM", sleeper)
    monkeypatch.setattr(inspection, "WALL_SECONDS", 1)
    start = time.monotonic()
    assert seen(seeds.photo()) == "heavy"
    assert time.monotonic() - start < 100


def test_the_largest_picture_that_is_allowed_is_reencoded_within_the_limits(tmp_path: Path, root: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = seeds.saved(Image.effect_noise((5000, 5000), 20).convert("RGB"), "JPEG", quality=60, exif=exif)
    found = measured(photo, tmp_path, root)
    assert found["found"] == "reencoded" and found["child"] <= 256, found


# The child itself.


def run_probe(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Put another program in the inspector's place; what it wrote."""
    program, target = tmp_path / "probe.py", tmp_path / "seen"
    program.write_text(code.replace("'seen'", repr(str(target))))
    monkeypatch.setattr(inspection, "PROGRAM", program)
    seen(seeds.photo())
    return target.read_text()


def test_the_child_knows_no_secret_and_no_open_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "SECRET")
    told = run_probe("import os; open('seen', 'w').write(repr(dict(os.environ)))", tmp_path, monkeypatch)
    assert "SECRET" not in told and "DATABASE" not in told
    with (tmp_path / "open").open("w") as held:
        os.set_inheritable(held.fileno(), True)
        told = run_probe(
            "import os; open('seen', 'w').write(repr([os.readlink(f'/proc/self/fd/{n}') for n in range(3, 60)"
            " if os.path.exists(f'/proc/self/fd/{n}')]))",
            tmp_path,
            monkeypatch,
        )
    assert str(tmp_path / "open") not in told


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "not json",
        "[]",
        '{"refused": "nonsense"}',
        '{"media_type": "text/html", "pages": 1, "width": 1, "height": 1}',
        '{"media_type": "image/jpeg", "pages": -1, "width": 1, "height": 1}',
        '{"media_type": "image/jpeg", "pages": 1, "width": "1", "height": 1}',
        '{"media_type": "image/png", "pages": 1, "width": 1, "height": 1}',
    ],
)
def test_a_child_in_foreign_hands_is_not_believed(answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "taken.py"
    program.write_text(
        "open('file', 'wb').write(b'\\xff\\xd8\\xff<script>'); open('preview.jpg', 'wb').write(b'\\xff\\xd8\\xff')\n"
        + f"print({answer!r}, end='')"
    )
    monkeypatch.setattr(inspection, "PROGRAM", program)
    assert seen(seeds.photo()) == "broken"


def test_a_link_in_the_place_of_the_file_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, secret = tmp_path / "taken.py", tmp_path / "secret"
    secret.write_bytes(b"\xff\xd8\xff secret")
    program.write_text(
        f"import os; os.symlink({str(secret)!r}, 'file'); open('preview.jpg', 'wb').write(b'\\xff\\xd8\\xff')\n"
        'print(\'{"media_type": "image/jpeg", "pages": 1, "width": 1, "height": 1}\')'
    )
    monkeypatch.setattr(inspection, "PROGRAM", program)
    assert seen(seeds.photo()) == "broken"


def test_a_decoder_that_crashes_takes_only_the_child_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "crash.py"
    monkeypatch.setattr(inspection, "PROGRAM", program)
    program.write_text("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    assert seen(seeds.photo()) == "broken"
    program.write_text("raise SystemExit(1)")
    with pytest.raises(InspectorFailed):
        seen(seeds.photo())


# Two kinds at once (U3).

FOREIGN = (b"<script", b"PK\x03\x04", b"%PDF", b"<?php", b"<svg", b"<html")


def sample(rows: Iterator[tuple[str, bytes]], every: int) -> list[tuple[str, bytes]]:
    """All of them in the full run, every so many otherwise."""
    return list(rows)[:: 1 if FULL else every]


@pytest.mark.slow
def test_nothing_of_a_second_kind_survives() -> None:
    rows = list(hostile.polyglots())
    assert len(rows) == 200
    assert all(any(mark in content for mark in FOREIGN) for _name, content in rows)
    for name, content in sample(iter(rows), 4):
        made = reencoded(content)
        lower = made.content.lower() + made.preview.lower()
        assert not [mark for mark in FOREIGN if mark.lower() in lower], name


class Spelling:
    """A picture that comes out as a script at its first two tries, however that may be done."""

    mode = "RGB"

    def __init__(self) -> None:
        self.tries: list[tuple[str, Any]] = []

    def save(self, stream: Any, kind: str, quality: Any = None) -> None:
        self.tries.append((kind, quality))
        stream.write(b"<ScRiPt" if len(self.tries) < 3 else b"plain")


def test_a_picture_that_comes_out_as_a_script_is_encoded_otherwise() -> None:
    picture = Spelling()
    assert inspector.encoded(picture, "PNG") == b"plain"
    assert picture.tries == [("PNG", None), ("JPEG", 88), ("JPEG", 87)]
    stubborn = Spelling()
    stubborn.save = lambda stream, *_, **__: stream.write(b"%PDF-")  # type: ignore[method-assign]
    with pytest.raises(inspector.InspectionRefused, match="metadata"):
        inspector.encoded(stubborn, "PNG")


def test_without_reencoding_the_tail_stays() -> None:
    jpeg = seeds.photo() + hostile.TAILS[0]
    Image.open(BytesIO(jpeg)).load()  # it is a good picture
    assert b"<script" in jpeg and b"<script" not in reencoded(jpeg).content


@pytest.mark.parametrize("content", [hostile.entities(), b"<html><script>1</script>", b"\n\xff\xd8\xff", b"GIF89a/*<script>*/"])
def test_a_script_under_another_name_is_no_picture(content: bytes) -> None:
    assert seen(content) == "type"


# Photos that tell too much (U4).


def tags_of(content: bytes) -> list[str]:
    """Everything beside the pixels that a reader of pictures finds."""
    with Image.open(BytesIO(content)) as image:
        harmless = {"jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi", "progressive", "progression"}
        return [*map(str, image.getexif()), *(name for name in image.info if name not in harmless)]


@pytest.mark.slow
def test_no_place_device_or_owner_is_left_in_a_photo() -> None:
    for number in range(0, 100, 1 if FULL else 6):
        photo = hostile.camera_photo(number)
        assert tags_of(photo) and any(secret in photo for secret in hostile.SECRETS)
        made = reencoded(photo)
        for content in (made.content, made.preview):
            assert not [secret for secret in hostile.SECRETS if secret in content], number
            assert tags_of(content) == [], number


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_photo_stands_upright_when_its_tags_are_gone(turn: int) -> None:
    image = Image.new("RGB", (80, 40), "white")
    image.paste("red", (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = turn
    made = Image.open(BytesIO(reencoded(seeds.saved(image, "JPEG", exif=exif, quality=95)).content))
    assert made.size == ((80, 40) if turn < 5 else (40, 80))
    corner = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1)}[turn]
    red, green, _blue = made.getpixel((5 + corner[0] * (made.width - 11), 5 + corner[1] * (made.height - 11)))  # type: ignore[misc]
    assert red > 200 and green < 80


# Papers with programs in them (U5).


def active_keys(content: bytes) -> set[str]:
    """Keys that do something, anywhere in a PDF."""
    found: set[str] = set()
    with pikepdf.open(BytesIO(content)) as document:
        for entry in [document.trailer, *document.objects]:
            _walk(entry, found, 0)
    return found


def _walk(entry: Any, found: set[str], depth: int) -> None:
    if depth > 20:
        return
    if isinstance(entry, (pikepdf.Dictionary, pikepdf.Stream)):
        for key in entry.keys():  # noqa: SIM118
            if key in hostile.ACTIVE_KEYS:
                found.add(key)
            value = entry.get(key)
            if not getattr(value, "is_indirect", False):
                _walk(value, found, depth + 1)
    elif isinstance(entry, pikepdf.Array):
        for value in entry:
            if not getattr(value, "is_indirect", False):
                _walk(value, found, depth + 1)


@pytest.mark.slow
def test_nothing_active_is_left_of_a_paper() -> None:
    rows = list(hostile.active_papers())
    assert len(rows) == 60
    refused = 0
    for name, content in sample(iter(rows), 3):
        if not name.startswith(("locked", "encrypted")):
            assert active_keys(content), name
        found = seen(content)
        if isinstance(found, str):
            assert (name.split("-")[0], found) in {("locked", "encrypted"), ("xfa", "form")}, (name, found)
            refused += 1
            continue
        assert active_keys(found.content) == set(), name
        with pikepdf.open(BytesIO(found.content)) as document:
            assert len(document.pages) == int(name.split("-")[1].split(".")[0])
            assert set(document.Root.keys()) == {"/Type", "/Pages"}
            assert "/Info" not in document.trailer
    assert refused


def test_without_rendering_its_pages_a_paper_keeps_its_script() -> None:
    _name, content = next(hostile.active_papers())
    again = BytesIO()
    with pikepdf.open(BytesIO(content)) as document:
        document.save(again)  # read and written by a library, nothing more
    assert "/OpenAction" in active_keys(again.getvalue())


def test_a_filled_form_keeps_what_was_written_into_it() -> None:
    """A lease may be a form: its fields are painted, only their working is gone."""
    document = seeds.paper(1, b"")
    page = document.pages[0].obj
    look = document.make_stream(b"0 0 0 rg 0 0 200 50 re f")
    look.Type, look.Subtype, look.BBox = pikepdf.Name.XObject, pikepdf.Name.Form, pikepdf.Array([0, 0, 200, 50])
    widget = document.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Annot,
            Subtype=pikepdf.Name.Widget,
            FT=pikepdf.Name.Tx,
            T=pikepdf.String("x"),
            F=4,
            Rect=pikepdf.Array([100, 400, 300, 450]),
            AP=pikepdf.Dictionary(N=look),
        )
    )
    page.Annots = pikepdf.Array([widget])
    document.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array([widget]))
    made = reencoded(seeds.bound(document))
    with pikepdf.open(BytesIO(made.content)) as clean:
        picture = Image.open(BytesIO(clean.pages[0].obj.Resources.XObject.P.read_raw_bytes())).convert("L")
    x, y = round(200 * 150 / 72), round((842 - 425) * 150 / 72)
    assert picture.getpixel((x, y)) < 40 and picture.getpixel((20, 20)) > 240  # type: ignore[operator]


def test_the_same_file_is_reencoded_the_same() -> None:
    for content in (seeds.photo(), seeds.pdf()):
        assert reencoded(content).content == reencoded(content).content
