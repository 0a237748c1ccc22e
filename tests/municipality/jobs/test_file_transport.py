"""Messages of the demo's broker are whole when they are seen, and are taken once."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection
from kombu.transport import filesystem

from municipality.jobs import file_transport


def line(folder: Path, transport: Any = file_transport.Transport) -> Any:
    options = {"data_folder_in": str(folder), "data_folder_out": str(folder), "control_folder": str(folder / "control")}
    return Connection(transport=transport, hostname="localhost", transport_options=options).default_channel


def test_a_message_is_taken_once_and_by_its_own_queue(tmp_path: Path) -> None:
    channel = line(tmp_path)
    channel._put("urgent", {"job": 1})
    with pytest.raises(Empty):
        channel._get("bulk")
    assert channel._get("urgent") == {"job": 1}
    with pytest.raises(Empty):
        channel._get("urgent")
    assert list(tmp_path.glob("*.msg")) == list(tmp_path.glob(".*.msg")) == []


def test_messages_are_taken_in_their_order(tmp_path: Path) -> None:
    channel = line(tmp_path)
    for number in range(3):
        (tmp_path / f"{1000 + number}_x.urgent.msg").write_text(json.dumps({"job": number}), encoding="ascii")
    assert [channel._get("urgent")["job"] for _ in range(3)] == [0, 1, 2]


@pytest.mark.parametrize(
    "transport", [file_transport.Transport, pytest.param(filesystem.Transport, marks=pytest.mark.xfail(raises=ValueError))]
)
def test_a_file_that_is_empty_yet_does_not_end_the_worker(tmp_path: Path, transport: Any) -> None:
    """The control is kombu's own transport, which makes such files and stumbles over them."""
    channel = line(tmp_path, transport)
    (tmp_path / "1_x.urgent.msg").touch()
    (tmp_path / "2_x.urgent.msg").write_text('{"job": 2}', encoding="ascii")
    assert channel._get("urgent") == {"job": 2}


def test_no_half_written_file_can_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = line(tmp_path)

    def full(_path: Path, _content: bytes) -> int:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="disk full"):
        channel._put("urgent", {"job": 1})
    assert [p for p in tmp_path.iterdir() if p.is_file()] == []


def test_two_workers_never_take_the_same_bell(tmp_path: Path) -> None:
    channel = line(tmp_path)
    for number in range(200):
        channel._put("urgent", {"job": number})
    heard: list[int] = []

    def listen() -> None:
        own = line(tmp_path)
        while True:
            try:
                heard.append(own._get("urgent")["job"])
            except Empty:
                return

    listeners = [threading.Thread(target=listen) for _ in range(4)]
    for listener in listeners:
        listener.start()
    for listener in listeners:
        listener.join()
    assert sorted(heard) == list(range(200))
