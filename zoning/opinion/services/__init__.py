"""The verbs of opinions: order, pay, draft, consult, decide, issue."""
