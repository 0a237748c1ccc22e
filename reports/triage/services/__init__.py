"""Steps of inspectors and supervisors. Each writes state, audit row and jobs in one transaction."""

from reports.triage.services import rows as rows
from reports.triage.services.consequences import order_inspection as order_inspection
from reports.triage.services.inspectors import assign as assign
from reports.triage.services.inspectors import draw_again as draw_again
from reports.triage.services.inspectors import redraw_unable as redraw_unable
from reports.triage.services.joins import merge as merge
from reports.triage.services.joins import split as split
from reports.triage.services.questions import answer as answer
from reports.triage.services.questions import ask as ask
from reports.triage.services.questions import end_unanswered as end_unanswered
from reports.triage.services.results import close as close
from reports.triage.services.results import countersign as countersign
from reports.triage.services.results import reopen as reopen
from reports.triage.services.results import send_back as send_back
from reports.triage.services.signers import draw_signing_branches as draw_signing_branches
from reports.triage.services.steps import come_back as come_back
from reports.triage.services.steps import hand_over as hand_over
from reports.triage.services.steps import recategorise as recategorise
from reports.triage.services.steps import take_back as take_back
from reports.triage.services.warnings import warn as warn
