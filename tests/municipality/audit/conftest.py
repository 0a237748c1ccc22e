from tests.municipality.open_database import open_db  # noqa: F401
