"""The roles of staff, as groups with permissions, written after each migration."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps

# Tables of the cash office.
MONEY = ("refunddue", "ledgerposting", "ledgercorrection", "bankstatement", "difference")
# Role → tables ("app.model") it may read. What a role may do, services and views check by the role itself.
READS: dict[str, tuple[str, ...]] = {
    "officer": ("cases.case", "rulebook.ruleset", "rulebook.activity", "rulebook.activityauthority"),
    "supervisor": (
        "accounts.user",
        "accounts.organisation",
        "delegation.delegation",
        "cases.case",
        "cases.feedback",
        "violations.violation",
        "rulebook.ruleset",
        "rulebook.activity",
        "rulebook.activityauthority",
        "places.branch",
    ),
    "auditor": (
        "accounts.user",
        "accounts.organisation",
        "accounts.superuseralarm",
        "delegation.consent",
        "delegation.delegation",
        "audit.auditevent",
        "audit.accesslogentry",
        "cases.case",
        "cases.block",
        "cases.feedback",
        "documents.sealtoken",
        "incidents.incident",
        "jobs.job",
        "notifications.delivery",
        "notifications.notreached",
        "payments.attempt",
        "payments.bill",
        "payments.gatewaymessage",
        "payments.receipt",
        # Officers and supervisors reach queue and desk through their own pages only.
        *(f"review.{table}" for table in ("queueentry", "assignment", "override", "correctionround", "decision", "escalation")),
        *(f"review.{table}" for table in ("clock", "skill", "absence", "conflictofinterest")),
        *(f"payments.{table}" for table in MONEY),
        *("violations.violation", "violations.referralbatch", "violations.judicialwarrant", "violations.team"),
        "rulebook.ruleset",
        "rulebook.activity",
        "rulebook.activityauthority",
        "places.branch",
    ),
    # Planners study zoning opinions at the desk; what they look at afterwards has a page of its own.
    "planner": ("rulebook.ruleset", "rulebook.activity"),
    "inspector": (),
    "violation_clerk": ("violations.violation",),
    "violation_authority": ("violations.violation", "violations.judicialwarrant", "violations.team"),
    "court_clerk": ("violations.violation", "violations.referralbatch"),
    # These work on pages of their own, without tables of the admin.
    **dict.fromkeys(("register_clerk", "register_keeper", "plot_clerk", "planner", "intake"), ()),
    # Counter and call centre act on the pages of a person who gave them a code, and call whom no message reached.
    "counter": ("notifications.notreached",),
    "operator": ("documents.sealtoken", "incidents.incident", "jobs.job", "notifications.delivery"),
    **dict.fromkeys(("cashier", "finance_checker"), (*(f"payments.{table}" for table in MONEY), "rulebook.ruleset")),
    "rule_maker": ("rulebook.ruleset", "rulebook.activity", "rulebook.activityauthority"),
    "rule_publisher": ("rulebook.ruleset", "rulebook.activity", "rulebook.activityauthority"),
}
# The only rows that staff write in the admin: drafts of the rulebook.
WRITES: dict[str, tuple[str, ...]] = {
    "rule_maker": (
        *("rulebook.add_ruleset", "rulebook.change_ruleset"),
        *(
            f"rulebook.{verb}_{model}"
            for model in ("feerule", "limitrule", "conditionrule", "reasonrule", "checkrule", "offencerule")
            for verb in ("add", "change", "delete")
        ),
    )
}


def ensure_roles(*, app_config: AppConfig | None = None, **_: Any) -> None:
    """Handler of post_migrate: create every role with exactly the permissions above, those of installed tables.

    Permissions of an app are created by its own post_migrate, so this runs once, after the last app that has models.
    """
    if app_config is not None and app_config != [c for c in apps.get_app_configs() if c.models_module][-1]:
        return
    from django.contrib.auth.models import Group, Permission

    permissions = {f"{p.content_type.app_label}.{p.codename}": p for p in Permission.objects.select_related("content_type")}
    for role, tables in READS.items():
        names = [f"{app}.view_{model}" for app, model in (table.split(".") for table in tables)] + list(WRITES.get(role, ()))
        group, _created = Group.objects.get_or_create(name=role)
        group.permissions.set([permissions[name] for name in names if name in permissions])
