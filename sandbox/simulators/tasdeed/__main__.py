"""Start the Tasdeed simulator, as a module or by its path; by path the rest of the project stays unloaded."""

import importlib
import sys
from pathlib import Path

if __name__ == "__main__":
    if __package__:
        server = importlib.import_module("sandbox.simulators.tasdeed.server")
    else:
        sys.modules["ssl"] = None  # type: ignore[assignment]  # plain HTTP on loopback: 4 MiB less
        sys.path[:1] = []
        sys.path.append(str(Path(__file__).resolve().parents[2]))
        server = importlib.import_module("simulators.tasdeed.server")
    raise SystemExit(server.main())
