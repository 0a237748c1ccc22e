"""Guards of the rulebook: a published edition does not change, but its last day is set once, when another follows.

Where that other one is withdrawn before it came into force, the last day is taken off again.
"""

from municipality.kernel.guards import frozen, guard, never_deleted

_SET = "rulebook_ruleset"
frozen(
    _SET,
    [
        "subject",
        "version",
        "instrument_ar",
        "instrument_en",
        "first_day",
        "is_assumption",
        "made_by_id",
        "made_at",
        "published_by_id",
        "published_at",
        "sent_back_at",
        "sent_back_words",
    ],
    once="OLD.published_at IS NOT NULL",
)
_LATER = f"EXISTS (SELECT 1 FROM {_SET} s WHERE s.subject = OLD.subject AND s.first_day > OLD.last_day AND"  # noqa: S608 - constants
frozen(
    _SET,
    ["last_day"],
    once="OLD.published_at IS NOT NULL AND OLD.last_day IS NOT NULL AND (NEW.last_day IS NOT NULL"
    f" OR NOT {_LATER} s.withdrawn_on <= OLD.last_day) OR {_LATER} s.published_at IS NOT NULL AND s.withdrawn_on IS NULL))",
    name="ends_once",
)
_WITHDRAWAL = ["withdrawal_by_id", "withdrawal_at", "withdrawal_words", "withdrawn_by_id", "withdrawn_on", "last_day"]
frozen(_SET, _WITHDRAWAL, once="OLD.withdrawn_on IS NOT NULL", name="withdrawn_once")
never_deleted(_SET)
for _table in (
    "rulebook_feerule",
    "rulebook_limitrule",
    "rulebook_conditionrule",
    "rulebook_reasonrule",
    "rulebook_checkrule",
    "rulebook_offencerule",
    "rulebook_holidayrule",
    "rulebook_hoursrule",
    "rulebook_traderule",
    "rulebook_landclassrule",
    "rulebook_activitygrouprule",
    "rulebook_landuserule",
    "rulebook_spacingrule",
    "rulebook_consultationrule",
    "rulebook_boardfeerule",
    "rulebook_boardlimitrule",
    "rulebook_inspectionrule",
    "rulebook_reportcategoryrule",
    "rulebook_reportquestionrule",
    "rulebook_reportbodyrule",
):
    for _event, _sets in (("INSERT", "NEW.ruleset_id"), ("UPDATE", "OLD.ruleset_id, NEW.ruleset_id"), ("DELETE", "OLD.ruleset_id")):
        guard(
            f"{_table}_published_{_event.lower()}",
            _table,
            _event,
            f"EXISTS (SELECT 1 FROM {_SET} s WHERE s.id IN ({_sets}) AND s.published_at IS NOT NULL)",  # noqa: S608 - constants
            "published",
        )
