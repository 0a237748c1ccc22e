"""The goals of money P1 to P13 at full size, one at a time: script/chaos payments [P2 P7 …] [-- pytest's arguments]."""

from __future__ import annotations

from tools.chaos.rehearsal import rehearse_files
from tools.stack.running import Servers

CHAOS, PAYMENTS = "tests/tools/chaos", "tests/payments"
GOALS: dict[str, tuple[str, ...]] = {
    "P1": (f"{CHAOS}/test_callbacks.py", "-k", "dup"),
    "P2": (f"{PAYMENTS}/test_forged_answers.py", f"{CHAOS}/test_callbacks.py", "-k", "replay"),
    "P3": (f"{PAYMENTS}/test_forged_answers.py", "-k", "answer or time"),
    "P4": (f"{PAYMENTS}/test_machine.py",),
    "P5": (f"{PAYMENTS}/test_invariants.py",),
    "P6": (f"{PAYMENTS}/test_forged_answers.py", "-k", "byte or forged or oracle or see_nothing"),
    "P7": (f"{CHAOS}/test_money.py", f"{CHAOS}/test_callbacks.py", "-k", "tabs"),
    "P8": (f"{CHAOS}/test_money.py", "-k", "refunds or one_person or control"),
    "P9": (f"{PAYMENTS}/test_gateway_matrix.py",),
    "P10": (f"{CHAOS}/test_acknowledgement.py", f"{CHAOS}/test_controls.py", "-k", "acknowledge"),
    "P11": (f"{PAYMENTS}/test_thirty_days_of_reconciliation.py",),
    "P12": (f"{CHAOS}/test_pay_kills.py", f"{CHAOS}/test_controls.py", "-k", "dies or early or sweep or ends_when"),
    "P13": (f"{PAYMENTS}/test_exact_amounts.py",),
}


def main(servers: Servers, arguments: list[str]) -> int:
    """Goals by name, all without one; what follows `--` is pytest's. Returns 0 when every one of them holds."""
    mark = arguments.index("--") if "--" in arguments else len(arguments)
    chosen, extra = [name.upper() for name in arguments[:mark]] or list(GOALS), arguments[mark + 1 :]
    if unknown := [name for name in chosen if name not in GOALS]:
        print(f"No goal is called {', '.join(unknown)}; there are {', '.join(GOALS)}.")
        return 2
    failed = []
    for name in chosen:
        print(f"\n=== {name}", flush=True)
        if rehearse_files(servers, [*GOALS[name], *extra]):
            failed.append(name)
    print(f"\n{len(chosen) - len(failed)} of {len(chosen)} goals hold{': not ' + ', '.join(failed) if failed else ''}", flush=True)
    return 1 if failed else 0
