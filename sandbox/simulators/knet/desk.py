"""The control desk of the running gateway simulator, from a command line. `python sandbox/simulators/knet/desk.py` lists the words."""

from __future__ import annotations

import argparse
import http.client
import json
import os
import sys
from typing import Any
from urllib.parse import quote

COMMANDS = """\
  behaviours                     every behaviour with its number
  next NAME[:NUMBER] ...         lay behaviours on the next payment that is opened
  always NAME[:NUMBER] ...       lay them on every payment from now on; without a name on none
  on TRACKID NAME[:NUMBER] ...   lay them on one payment, opened or not; without a name take all off
  pay TRACKID [RESULT]           decide as the customer: CAPTURED, "NOT CAPTURED", CANCELED, "HOST TIMEOUT", "DENIED BY RISK", close, error
  notify TRACKID [COUNT]         send the true result again, COUNT times at once
  book [TRACKID]                 the gateway's own book
  statement YYYY-MM-DD           the settlement file of a day
  down | up                      the server-to-server side answers 500, or answers again
"""


class CommandFailed(Exception):
    """The command failed, with a sentence."""


def ask(port: int, path: str, body: dict[str, Any] | None = None) -> str:
    """The desk's answer as text. Raises Failed."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        if body is None:
            connection.request("GET", f"/control/{path}")
        else:
            connection.request("POST", f"/control/{path}", json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read().decode("utf8", errors="replace")
    except (OSError, http.client.HTTPException) as error:
        raise CommandFailed(f"No gateway simulator answers on 127.0.0.1:{port} ({type(error).__name__}).") from None
    finally:
        connection.close()
    if answer.status != 200:
        raise CommandFailed(f"The gateway simulator refused: {text}")
    return text


def run_command(port: int, command: str, operands: list[str]) -> str:
    """Run a command. Raises Failed."""
    if command == "behaviours" and not operands:
        return "\n".join(
            f"{name:<28}{behaviour['number']:<10g}{behaviour['en']}" for name, behaviour in json.loads(ask(port, "behaviours")).items()
        )
    if command in ("next", "always"):
        return ask(port, "behaviour", {command: operands})
    if command in ("down", "up") and not operands:
        return ask(port, "behaviour", {"settings": {"tranpipe": "ok" if command == "up" else "down"}})
    if command == "on" and operands:
        return ask(port, "behaviour", {"trackid": operands[0], "next": operands[1:], "lift": not operands[1:]})
    if command == "pay" and 1 <= len(operands) <= 2:
        return ask(port, "pay", {"trackid": operands[0], "result": (operands[1:] or ["CAPTURED"])[0]})
    if command == "notify" and 1 <= len(operands) <= 2 and (operands[1:] or ["1"])[0].isdecimal():
        return ask(port, "notify", {"trackid": operands[0], "count": int((operands[1:] or ["1"])[0])})
    if command == "book" and len(operands) <= 1:
        return json.dumps(json.loads(ask(port, f"book?trackid={quote((operands or [''])[0])}")), ensure_ascii=False, indent=1)
    if command == "statement" and len(operands) == 1:
        return ask(port, f"statement?day={quote(operands[0])}")
    raise CommandFailed(f"The words are:\n{COMMANDS}")


def main(argv: list[str] | None = None) -> int:
    """Returns 0, or 2 with a sentence on stderr."""
    base = os.environ.get("PORT", "8000")
    parser = argparse.ArgumentParser(
        prog="desk",
        description="Tells the running gateway simulator what to do.",
        epilog=COMMANDS,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument(
        "--port", type=int, default=int(base) + 1 if base.isdecimal() else 8001, help="of the simulator; PORT + 1 by default"
    )
    parser.add_argument("words", nargs="*")
    arguments = parser.parse_args(argv)
    try:
        print(run_command(arguments.port, (arguments.words or [""])[0], arguments.words[1:]))
    except CommandFailed as failure:
        print(failure, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
