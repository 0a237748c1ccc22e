"""The broker of the demo: messages as files, for a machine without Redis.

kombu's own file transport creates a message's file and writes it afterwards; a worker that reads in between finds an empty file and
crashes. Here a file gets its name once it is complete. An unreadable message is dropped: the job's row remains, and the sweep
dispatches it again.
"""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from queue import Empty
from time import monotonic
from typing import Any

from kombu.transport import filesystem
from kombu.utils.json import dumps, loads


class Channel(filesystem.Channel):  # type: ignore[misc]
    """A channel to the folder of messages."""

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]  # as its parent, which differs from its own
        """Write a message under a temporary name, then rename it. Raises OSError when the disk is full."""
        name = f"{round(monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        folder = Path(self.data_folder_out)
        unfinished = folder / f".{name}"
        try:
            unfinished.write_bytes(dumps(payload).encode())
            unfinished.rename(folder / name)
        finally:
            unfinished.unlink(missing_ok=True)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        """Take the oldest message of a queue; it is claimed by a rename, so that two workers never take the same. Raises Empty."""
        folder = Path(self.data_folder_in)
        for name in sorted(entry for entry in os.listdir(folder) if entry.partition(".")[2] == f"{queue}.msg"):
            claimed = folder / f".claimed-{name}"
            try:
                (folder / name).rename(claimed)
                content = claimed.read_bytes()
                claimed.unlink()
            except FileNotFoundError:
                continue  # another worker was first
            try:
                return loads(content.decode())
            except ValueError:
                continue
        raise Empty


class Transport(filesystem.Transport):  # type: ignore[misc]
    """`CELERY_BROKER_TRANSPORT = "municipality.jobs.file_transport:Transport"`, with the options of kombu's file transport."""

    Channel = Channel
