"""How static files are served: compressed, under names with their hash."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Imports between modules are rewritten to the hashed names too, so that no page mixes two releases."""

    support_js_module_import_aggregation = True
