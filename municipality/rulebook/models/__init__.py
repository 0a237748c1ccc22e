"""The tables of the rulebook."""

from municipality.rulebook.models.activities import Activity, ActivityAuthority, Authority
from municipality.rulebook.models.boards import (
    BoardClass,
    BoardFeeRule,
    BoardLimitRule,
    BoardMedium,
    BoardPeriod,
    BoardRuleKind,
    BoardSubject,
)
from municipality.rulebook.models.calendar import HolidayRule, HoursRule
from municipality.rulebook.models.inspections import InspectionKind, InspectionRule
from municipality.rulebook.models.land import ActivityGroupRule, ConsultationRule, LandClassRule, LandUseRule, SpacingRule, UseOutcome
from municipality.rulebook.models.reports import ReportBodyRule, ReportCategoryRule, ReportClock, ReportQuestionRule, ReportSeverity
from municipality.rulebook.models.rulesets import (
    PUBLISHED,
    Blocks,
    CheckRule,
    ConditionRule,
    FeeRule,
    LimitRule,
    OffenceRule,
    OffenceUnit,
    ReasonKind,
    ReasonRule,
    ReportFinding,
    RuleSet,
)
from municipality.rulebook.models.trades import MOST_WORDS, TradeRule, check_word_list, word_list

__all__ = [
    "MOST_WORDS",
    "PUBLISHED",
    "Activity",
    "ActivityAuthority",
    "ActivityGroupRule",
    "Authority",
    "Blocks",
    "BoardClass",
    "BoardFeeRule",
    "BoardLimitRule",
    "BoardMedium",
    "BoardPeriod",
    "BoardRuleKind",
    "BoardSubject",
    "CheckRule",
    "ConditionRule",
    "ConsultationRule",
    "FeeRule",
    "HolidayRule",
    "HoursRule",
    "InspectionKind",
    "InspectionRule",
    "LandClassRule",
    "LandUseRule",
    "LimitRule",
    "OffenceRule",
    "OffenceUnit",
    "ReasonKind",
    "ReasonRule",
    "ReportBodyRule",
    "ReportCategoryRule",
    "ReportClock",
    "ReportFinding",
    "ReportQuestionRule",
    "ReportSeverity",
    "RuleSet",
    "SpacingRule",
    "TradeRule",
    "UseOutcome",
    "check_word_list",
    "word_list",
]
