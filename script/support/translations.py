"""Compiles the message catalogues and compares them with the sources. Runs inside `.venv` (polib, Django)."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import polib

from script.support.packages import PACKAGES

# A message: context and text, of a plural the singular.
Message = tuple[str, str]
SKIPPED = frozenset({"simulators", "migrations", "management"})  # simulators and commands speak English only
OVERRIDES = "overrides"  # comment of an entry that replaces a library's translation
_CALL = re.compile(r"\b(?:n|p|np)?gettext\(|\b_\(")


def catalogues(root: Path) -> Iterator[Path]:
    """Every message catalogue of the project."""
    yield from sorted((root / "locale").glob("*/LC_MESSAGES/*.po"))


def compile_all(root: Path) -> int:
    """Write each .mo that is older than its .po. Returns how many were written."""
    written = 0
    for path in catalogues(root):
        target = path.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= path.stat().st_mtime:
            continue
        fresh = target.with_suffix(".mo-new")
        polib.pofile(str(path)).save_as_mofile(str(fresh))
        fresh.replace(target)
        written += 1
    return written


def gaps(root: Path) -> list[str]:
    """One line for each message without a translation, or with a fuzzy one."""
    return [
        f"{path.relative_to(root)}:{entry.linenum}: {'fuzzy' if entry.fuzzy else 'untranslated'}: {entry.msgid[:80]}"
        for path in catalogues(root)
        for entry in polib.pofile(str(path))
        if not entry.obsolete and (entry.fuzzy or not entry.translated())
    ]


def _message(call: ast.Call) -> Message | None:
    """The message of a call of a gettext function; None for another call or an argument that is not a literal."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    name = name.removesuffix("_lazy").removesuffix("_noop")
    if name not in {"_", "gettext", "ngettext", "pgettext", "npgettext"}:
        return None
    texts = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    if name in {"pgettext", "npgettext"}:
        return (texts[0], texts[1]) if len(texts) >= 2 else None
    return ("", texts[0]) if texts else None


def in_python(source: str) -> set[Message]:
    """The messages of a Python source."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return {message for call in calls if (message := _message(call))}


def in_template(source: str) -> set[Message]:
    """The messages of a Django template, found by Django's `templatize`."""
    from django.utils.translation.template import templatize

    text = templatize(source)
    messages = set()
    for start in _CALL.finditer(text):
        for end in re.finditer(r"\)", text[start.start() :]):
            try:
                call = ast.parse(text[start.start() : start.start() + end.end()].strip(), mode="eval").body
            except SyntaxError:
                continue
            if isinstance(call, ast.Call) and (message := _message(call)):
                messages.add(message)
            break
    return messages


def sources(root: Path) -> dict[Message, str]:
    """Every message of the portal's code and templates, with the first file that has it."""
    messages: dict[Message, str] = {}
    for folder in (*PACKAGES, "templates"):
        for path in sorted((root / folder).rglob("*")):
            if SKIPPED & set(path.relative_to(root).parts) or path.suffix not in {".py", ".html", ".txt"} or not path.is_file():
                continue
            text = path.read_text(encoding="utf8")
            for message in in_python(text) if path.suffix == ".py" else in_template(text):
                messages.setdefault(message, str(path.relative_to(root)))
    return messages


def mismatches(root: Path) -> list[str]:
    """One line for each message that is missing in a catalogue, and for each entry that is not in the sources."""
    messages = sources(root)
    lines = []
    for path in catalogues(root):
        entries = {(entry.msgctxt or "", entry.msgid): entry for entry in polib.pofile(str(path)) if not entry.obsolete}
        if path.stem == "django":  # the portal's JavaScript has no messages; djangojs has only those of the admin
            lines += [f"{messages[m]}: not in {path.relative_to(root)}: {m[1][:80]}" for m in sorted(messages.keys() - entries.keys())]
        for message in sorted(entries.keys() - messages.keys()):
            if OVERRIDES not in entries[message].tcomment:
                lines.append(f"{path.relative_to(root)}:{entries[message].linenum}: said nowhere: {message[1][:80]}")
    return lines


def main() -> int:
    """With `--check` also returns 1 for gaps and mismatches."""
    root = Path(__file__).resolve().parent.parent.parent
    compile_all(root)
    problems = [*gaps(root), *mismatches(root)] if "--check" in sys.argv else []
    print("\n".join(problems) or f"{sum(1 for _ in catalogues(root))} catalogue(s) compiled")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
