"""Start a simulator by its name, as a module or by the path of this folder; by path the rest of the project stays unloaded."""

import importlib
import sys
from pathlib import Path

if __name__ == "__main__":
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if not (Path(__file__).parent / name / "server.py").is_file():
        raise SystemExit("Name a simulator: knet, mobile_id, moci, sms or tasdeed.")
    if __package__:
        server = importlib.import_module(f"sandbox.simulators.{name}.server")
    else:
        sys.modules["ssl"] = None  # type: ignore[assignment]  # plain HTTP on loopback: 4 MiB less
        sys.path[:1] = []
        sys.path.append(str(Path(__file__).resolve().parents[1]))
        server = importlib.import_module(f"simulators.{name}.server")
    raise SystemExit(server.main(sys.argv[2:]))
