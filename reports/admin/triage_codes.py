"""Words for the audit events and jobs of triage."""

from django.utils.translation import gettext_lazy as _

from municipality.ui.code_labels import label_codes

label_codes(
    {
        "report.answered": _("The reporter answered"),
        "report.asked": _("Question to the reporter"),
        "report.assigned": _("Inspector of a report drawn"),
        "report.came_back": _("Report back after the last day of the other body"),
        "report.closed": _("Report closed with a photo from the place"),
        "report.completed": _("Divided report closed with its last part"),
        "report.consequence": _("Consequence of a report"),
        "report.countersigned": _("Result of a report signed by a second person"),
        "report.warned": _("Supervisors warned that the promise of a report ends soon"),
        "report.signing_branch_drawn": _("Another branch chosen by lot for the signature of a result"),
        "report.drawn_again": _("Another inspector of a report drawn"),
        "report.handed_over": _("Report handed over to another body"),
        "report.joined": _("Another report joined with this one"),
        "report.letter_back": _("Report back because the letter to the other body came back"),
        "report.letter_unsent": _("Report back because the letter to the other body was not sent"),
        "report.merged": _("Report joined with another one"),
        "report.part_made": _("Part of a divided report"),
        "report.recategorised": _("Report given another category"),
        "report.part_reopened": _("Divided report opened again with a part"),
        "report.reopened": _("Report opened again: not solved"),
        "report.result_proposed": _("Result of a report waits for a second signature"),
        "report.sent_back": _("Result of a report sent back"),
        "report.split": _("Report divided"),
        "report.taken_back": _("Report taken back from the other body"),
        "report.unanswered": _("Question to the reporter ended without an answer"),
        "reports.hand_over": _("Letter to the body of a report"),
        "reports.assign": _("Draw the inspector of a report"),
        "reports.signers": _("Results that nobody of their branch may sign"),
        "reports.redraw": _("Reports of inspectors who are absent or may not act"),
        "reports.due_soon": _("Reports whose promise ends soon"),
        "reports.warn": _("Warn supervisors of reports whose promise ends soon"),
        "reports.triage": _("Reports without an answer, and back from other bodies"),
    }
)
