"""The project's virtual environments, made from hash-pinned requirement files."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from script.support.say import Step, Stop

ROOT = Path(__file__).resolve().parent.parent.parent
STAMP = "portal-stamp.json"
UNFINISHED = "portal-unfinished"


def binary(venv: Path, name: str) -> Path:
    """A program inside the environment."""
    return venv / "bin" / name


def fingerprint(requirements: Path) -> dict[str, str]:
    """Python version and requirements from which an environment was made, to compare with the present ones."""
    return {
        "python": ".".join(map(str, sys.version_info[:3])),
        "file": requirements.name,
        "sha256": hashlib.sha256(requirements.read_bytes()).hexdigest(),
    }


def ensure(requirements: Path, current: Step, *, venv: Path = ROOT / ".venv", log: Path) -> None:
    """Install exactly the pinned packages of `requirements` (checked by hash) into `venv`, unless they are. Raises Stop.

    STAMP, written last, marks a complete environment; UNFINISHED, written first, one whose installation was interrupted.
    """
    stamps = _stamps(venv)
    if stamps.get(requirements.name) == fingerprint(requirements) and _works(venv):
        return
    development = requirements.with_name("requirements-dev.txt")
    if development.name in stamps:  # an environment for tests stays one
        requirements = development
    is_foreign = not stamps and _works(venv) and not (venv / UNFINISHED).exists()
    if (venv / UNFINISHED).exists():
        current.note = "an earlier start was cut off, made anew"
        shutil.rmtree(venv)
    elif venv.exists() and not _works(venv):
        current.note = "the old one no longer works, made anew"
        shutil.rmtree(venv)
    venv.mkdir(exist_ok=True)
    (venv / UNFINISHED).touch()
    (venv / STAMP).unlink(missing_ok=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    uv = _uv(log)
    if uv:
        _make_with_uv(uv, venv, requirements, log, exactly=not is_foreign)
    else:
        _make_with_pip(venv, requirements, log)
    tool = "made with uv" if uv else "made with pip"
    current.note = f"{current.note}, {tool}" if current.note else tool
    stamps = {requirements.name: fingerprint(requirements)}
    if requirements == development:  # it includes every runtime package, at the same versions
        stamps["requirements.txt"] = fingerprint(requirements.with_name("requirements.txt"))
    (venv / STAMP).write_text(json.dumps(stamps, indent=1), encoding="utf8")
    (venv / UNFINISHED).unlink()


def ensure_loose(requirements: Path, current: Step, *, venv: Path, log: Path) -> None:
    """Make `venv` from requirements without hashes: for tests with a version that is not pinned yet."""
    if _stamps(venv).get(requirements.name) == fingerprint(requirements) and _works(venv):
        current.note = "unchanged"
        return
    uv = _uv(log)
    shutil.rmtree(venv, ignore_errors=True)
    if uv:
        _run([uv, "venv", "--quiet", "--no-project", "--python", sys.executable, str(venv)], log)
        _run([uv, "pip", "install", "--python", str(binary(venv, "python")), "-r", str(requirements)], log)
    else:
        _run([sys.executable, "-m", "venv", str(venv)], log)
        _run([str(binary(venv, "python")), "-m", "pip", "install", "--quiet", "-r", str(requirements)], log)
    (venv / STAMP).write_text(json.dumps({requirements.name: fingerprint(requirements)}, indent=1), encoding="utf8")


def compile_translations() -> None:
    """Compile the message catalogues. Raises CalledProcessError."""
    command = [str(binary(ROOT / ".venv", "python")), "-m", "script.support.translations"]
    subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)


def _stamps(venv: Path) -> dict[str, dict[str, str]]:
    try:
        return dict(json.loads((venv / STAMP).read_text(encoding="utf8")))
    except (OSError, ValueError):
        return {}


def _works(venv: Path) -> bool:
    """Whether its interpreter starts: not after the system's Python was replaced or the folder moved."""
    try:
        answer = subprocess.run([binary(venv, "python"), "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and Path(answer.stdout.strip()).resolve() == venv.resolve()


def _uv(log: Path) -> str | None:
    """The path of uv: the machine's, else installed by pip (pinned, hashed) into `.venv-tools`; None if neither is available."""
    private = binary(ROOT / ".venv-tools", "uv")
    for candidate in (shutil.which("uv"), str(private)):
        if candidate and _runs([candidate, "--version"]):
            return candidate
    if not _has_ensurepip():
        return None
    try:
        _run([sys.executable, "-m", "venv", "--clear", str(ROOT / ".venv-tools")], log)
        pip = [str(binary(ROOT / ".venv-tools", "python")), "-m", "pip", "install", "--quiet", "--require-hashes", "--only-binary=:all:"]
        _run([*pip, "-r", str(ROOT / "script/support/uv.txt")], log)
    except Stop:
        return None
    return str(private) if _runs([str(private), "--version"]) else None


def _make_with_uv(uv: str, venv: Path, requirements: Path, log: Path, *, exactly: bool) -> None:
    """With `exactly` other packages are removed; not from an environment that was made by hand."""
    _run([uv, "venv", "--quiet", "--allow-existing", "--no-project", "--python", sys.executable, str(venv)], log)
    files = [str(requirements)] if exactly else ["-r", str(requirements)]
    _run([uv, "pip", "sync" if exactly else "install", "--python", str(binary(venv, "python")), "--require-hashes", *files], log)


def _make_with_pip(venv: Path, requirements: Path, log: Path) -> None:
    if not _has_ensurepip():
        raise Stop("This Python lacks its venv module: install it (Debian, Ubuntu: apt-get install python3-venv) and start again.")
    _run([sys.executable, "-m", "venv", str(venv)], log)
    pip = [str(binary(venv, "python")), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "--require-hashes", "-r", str(requirements)], log)


def _has_ensurepip() -> bool:
    return _runs([sys.executable, "-c", "import ensurepip, venv"])


def _runs(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=60, stdin=subprocess.DEVNULL).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _run(command: list[str], log: Path) -> None:
    """Run a command with its output in `log`. Raises Stop with the last lines if it fails."""
    variables = {k: v for k, v in os.environ.items() if k not in {"VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH"}}
    variables["UV_PYTHON_DOWNLOADS"] = "never"
    with log.open("a", encoding="utf8") as out:
        out.write(f"\n$ {' '.join(command)}\n")
        out.flush()
        start = out.tell()
        code = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=variables, cwd=ROOT).returncode
    if code:
        with log.open(encoding="utf8", errors="replace") as written:
            written.seek(start)
            tail = "".join(written.readlines()[-12:])
        raise Stop(f"Installing the Python packages failed (whole output in {log}):\n{tail}".rstrip())
