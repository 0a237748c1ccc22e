from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ZoningConfig(AppConfig):
    name = "zoning"
    label = "zoning"
    verbose_name = _("Zoning opinion")

    def ready(self) -> None:
        from municipality.cases.catalogue import CATALOGUE
        from municipality.documents.queries import DOCUMENT_KINDS
        from municipality.imports.registry import IMPORT_KINDS
        from municipality.uploads.registry import PREFIXES
        from zoning.catalogue import ZONING
        from zoning.contests import guards as contest_guards  # noqa: F401
        from zoning.contests.files import CONTEST_FILES
        from zoning.extract import guards as extract_guards  # noqa: F401
        from zoning.extract.facts import ExtractFacts
        from zoning.imports import guards as import_guards  # noqa: F401
        from zoning.imports.kind import KIND
        from zoning.layers import guards as layer_guards  # noqa: F401

        CATALOGUE.register("zoning", ZONING)
        DOCUMENT_KINDS.register(ExtractFacts.kind, ExtractFacts)
        IMPORT_KINDS.register(KIND.name, KIND)
        PREFIXES.register("layer_contest", CONTEST_FILES)
