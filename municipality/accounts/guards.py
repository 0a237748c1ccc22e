"""Guards of superusers and of lost passkeys."""

from municipality.kernel.guards import frozen, guard, never_deleted

MAX_SUPERUSERS = 2

_BECOMES = "NEW.is_superuser AND NOT OLD.is_superuser"
# No user is inserted as a superuser: the alarm refers to an existing row.
guard("accounts_user_born_mighty", "accounts_user", "INSERT", "NEW.is_superuser", "superuser_unannounced")
guard(
    "accounts_user_announced",
    "accounts_user",
    "UPDATE",
    f"{_BECOMES} AND NOT EXISTS (SELECT 1 FROM accounts_superuseralarm a"  # noqa: S608 - declared in code
    " WHERE a.user_id = NEW.id AND a.kind = 'flag_set' AND a.told_at IS NULL)",
    "superuser_unannounced",
)
guard(
    "accounts_user_two_mighty",
    "accounts_user",
    "UPDATE",
    f"{_BECOMES} AND (SELECT count(*) FROM accounts_user u WHERE u.is_superuser AND u.id <> NEW.id) >= {MAX_SUPERUSERS}",  # noqa: S608
    "two_superusers",
    one_by_one=_BECOMES,
)
never_deleted("accounts_superuseralarm")
frozen("accounts_superuseralarm", ["user_id", "kind", "at"])
frozen("accounts_superuseralarm", ["told_at"], once="OLD.told_at IS NOT NULL", name="told_once")
never_deleted("accounts_keyloss")
frozen("accounts_keyloss", ["user_id", "asked_at"])
frozen("accounts_keyloss", ["opened_by_id", "opened_at"], once="OLD.opened_at IS NOT NULL", name="opened_once")
guard(
    "accounts_keyloss_by_staff",
    "accounts_keyloss",
    "UPDATE",
    "OLD.opened_by_id IS NULL AND NEW.opened_by_id IS NOT NULL"
    " AND NOT EXISTS (SELECT 1 FROM accounts_user u WHERE u.id = NEW.opened_by_id AND u.is_staff AND u.is_active)",
    "not_staff",
)
