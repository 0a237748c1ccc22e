"""Pages and words of reports in the admin."""

from reports.admin import intake, intake_codes, open311, photos, public_codes, to_sign, triage, triage_codes  # noqa: F401  pages and words
