"""The models of the app, a module for each feature."""

from shops.models.claims import Claim, ClaimGround
from shops.models.commercial_register import (
    CommercialDifference,
    CommercialDifferenceEvent,
    CommercialFeed,
    CommercialLicence,
    CommercialNotice,
    CommercialOutage,
    CommercialRun,
    DifferenceState,
    LicenceStatus,
    NoticeStatus,
    OutageCode,
    RegisterDifferenceKind,
    RegisteredOwner,
    RunReason,
)
from shops.models.hours import HoursWeek, StatedHours
from shops.models.imports import RegisterRow
from shops.models.office import ByHand, EventProposal, MergeKind, ShopMerge
from shops.models.open_data import Change, Edition, Pending, Published
from shops.models.public_page import Correction, PageFact, Reply
from shops.models.register import EventKind, RegisterChange, Sensitivity, Shop, ShopActivity, ShopEvent, TradeName
from shops.models.search import LicenceState, SearchEntry, SearchForm, SearchNumber, SearchWord
from shops.models.subscriptions import Digest, Follow

__all__ = [
    "ByHand",
    "Change",
    "Claim",
    "ClaimGround",
    "CommercialDifference",
    "CommercialDifferenceEvent",
    "CommercialFeed",
    "CommercialLicence",
    "CommercialNotice",
    "CommercialOutage",
    "CommercialRun",
    "Correction",
    "DifferenceState",
    "Digest",
    "Edition",
    "EventKind",
    "EventProposal",
    "Follow",
    "HoursWeek",
    "LicenceState",
    "LicenceStatus",
    "MergeKind",
    "NoticeStatus",
    "OutageCode",
    "PageFact",
    "Pending",
    "Published",
    "RegisterChange",
    "RegisterDifferenceKind",
    "RegisterRow",
    "RegisteredOwner",
    "Reply",
    "RunReason",
    "SearchEntry",
    "SearchForm",
    "SearchNumber",
    "SearchWord",
    "Sensitivity",
    "Shop",
    "ShopActivity",
    "ShopEvent",
    "ShopMerge",
    "StatedHours",
    "TradeName",
]
