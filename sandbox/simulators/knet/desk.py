"""The control desk of the running gateway simulator, from a command line. `python sandbox/simulators/knet/desk.py` lists the words."""

from __future__ import annotations

import argparse
import http.client
import json
import os
import sys
from typing import Any
from urllib.parse import quote

WORDS = """\
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


class Failed(Exception):
    """The desk did not do it; the sentence says why."""


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
        raise Failed(f"No gateway simulator answers on 127.0.0.1:{port} ({type(error).__name__}).") from None
    finally:
        connection.close()
    if answer.status != 200:
        raise Failed(f"The gateway simulator refused: {text}")
    return text


def carry_out(port: int, word: str, rest: list[str]) -> str:
    """One word of the command line. Raises Failed."""
    if word == "behaviours" and not rest:
        return "\n".join(f"{name:<28}{told['number']:<10g}{told['en']}" for name, told in json.loads(ask(port, "behaviours")).items())
    if word in ("next", "always"):
        return ask(port, "behaviour", {word: rest})
    if word in ("down", "up") and not rest:
        return ask(port, "behaviour", {"settings": {"tranpipe": "ok" if word == "up" else "down"}})
    if word == "on" and rest:
        return ask(port, "behaviour", {"trackid": rest[0], "next": rest[1:], "lift": not rest[1:]})
    if word == "pay" and 1 <= len(rest) <= 2:
        return ask(port, "pay", {"trackid": rest[0], "result": (rest[1:] or ["CAPTURED"])[0]})
    if word == "notify" and 1 <= len(rest) <= 2 and (rest[1:] or ["1"])[0].isdecimal():
        return ask(port, "notify", {"trackid": rest[0], "count": int((rest[1:] or ["1"])[0])})
    if word == "book" and len(rest) <= 1:
        return json.dumps(json.loads(ask(port, f"book?trackid={quote((rest or [''])[0])}")), ensure_ascii=False, indent=1)
    if word == "statement" and len(rest) == 1:
        return ask(port, f"statement?day={quote(rest[0])}")
    raise Failed(f"The words are:\n{WORDS}")


def main(argv: list[str] | None = None) -> int:
    """0 when it was done, 2 with a sentence when not."""
    base = os.environ.get("PORT", "8000")
    parser = argparse.ArgumentParser(
        prog="desk",
        description="Tells the running gateway simulator what to do.",
        epilog=WORDS,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument(
        "--port", type=int, default=int(base) + 1 if base.isdecimal() else 8001, help="of the simulator; PORT + 1 by default"
    )
    parser.add_argument("words", nargs="*")
    chosen = parser.parse_args(argv)
    try:
        print(carry_out(chosen.port, (chosen.words or [""])[0], chosen.words[1:]))
    except Failed as failure:
        print(failure, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
