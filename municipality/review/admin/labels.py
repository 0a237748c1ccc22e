"""Labels of audit events, jobs and messages of the queue, the desk and the clocks."""

from django.utils.translation import gettext_lazy as _

from municipality.ui.code_labels import label_codes

label_codes(
    {
        "case.escalated": _("Request moved up for its time"),
        "desk.accepted": _("Request decided at the desk: approved"),
        "desk.checked": _("Question of the checklist answered"),
        "desk.names_seen": _("Names of a request seen before the decision"),
        "desk.recused": _("Signer with a conflict of interest left a proposal to another"),
        "desk.second_round_proposed": _("Second round of corrections proposed"),
        "desk.sent_back": _("Proposal sent back to its officer"),
        "desk.signed": _("Proposal signed by the second person"),
        "desk.taken_back": _("Proposal taken back by its officer"),
        "officer.reminded": _("Officer reminded of what waits"),
        "promise.moved": _("Decision date moved"),
        "queue.drawn": _("Request assigned from the queue"),
        "queue.given_back": _("Request given back to the queue"),
        "queue.joined": _("Request joined the queue"),
        "queue.left": _("Request left the queue"),
        "queue.override_allowed": _("Assignment out of turn allowed"),
        "queue.override_asked": _("Assignment out of turn asked for"),
        "queue.party_learned": _("Party of a request learned"),
        "queue.released": _("Request taken from its officer"),
        "queue.taken_up": _("Answered request taken up"),
        "review.accepted": _("The request is approved by an officer"),
        "review.corrections_asked": _("Corrections are asked for"),
        "review.escalate": _("Move up a request past its time"),
        "review.escalated": _("The request has moved up"),
        "review.escalated_to_staff": _("A request is past its promised time"),
        "review.figures_exported": _("Figures of decisions taken as a file"),
        "review.guessed": _("Attempt to open a request assigned to a colleague"),
        "review.in_review": _("An officer has taken up the request"),
        "review.overtaken": _("A later request was handed out first"),
        "review.promise_moved": _("The promised day has moved"),
        "review.recompute_clocks": _("Count promises anew by the calendar"),
        "review.refused": _("The request is refused by an officer"),
        "review.reminded": _("A supervisor reminds an officer"),
        "review.sweep": _("Look for late requests and absent officers"),
        "review.tell_overtaken": _("Tell applicants who were overtaken"),
        "review.tied_attempt": _("Attempt to open a request despite a conflict of interest"),
        "staff.absence_cancelled": _("Absence cancelled"),
        "staff.absence_entered": _("Absence entered"),
        "staff.skill_ended": _("Field of work ended"),
        "staff.skill_given": _("Field of work given"),
        "staff.tie_declared": _("Conflict of interest declared"),
        "staff.tie_ended": _("Conflict of interest ended"),
    }
)
