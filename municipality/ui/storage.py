"""The storage of static files: compressed, with hashes in their names."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Also rewrites imports between JavaScript modules to the hashed names, so that no page mixes two releases."""

    support_js_module_import_aggregation = True
