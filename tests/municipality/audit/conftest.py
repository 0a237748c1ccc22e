from tests.open_database import open_db  # noqa: F401
