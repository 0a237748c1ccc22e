"""The catalogue of the open data as DCAT-AP 3 (https://semiceu.github.io/DCAT-AP/releases/3.0.0/) in JSON-LD."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from municipality.kernel import clock
from municipality.kernel.open_data import OPEN_SETS, OpenSet
from shops.models.open_data import Edition
from shops.open_data.dictionary import address, in_both_languages, is_stale, newest_edition, schema_name
from shops.open_data.formats import MEDIA_TYPES, PACKED

_EU = "http://publications.europa.eu/resource/authority"
CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "spdx": "http://spdx.org/rdf/terms#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "adms": "http://www.w3.org/ns/adms#",
    "dcatap": "http://data.europa.eu/r5r/",
    "locn": "http://www.w3.org/ns/locn#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_FORMATS = {"csv": "CSV", "jsonl": "JSON", "geojson": "GEOJSON"}
_IANA = "http://www.iana.org/assignments/media-types/"
LANGUAGES = ("ARA", "ENG")
# The bounding box of Kuwait with its waters, WGS 84, longitude before latitude.
_BOX = "POLYGON((46.4 28.4,49.6 28.4,49.6 30.2,46.4 30.2,46.4 28.4))"


def _texts(text: Any) -> list[dict[str, str]]:
    return [{"@language": language, "@value": file} for language, file in in_both_languages(text).items()]


def _of(name: str, kind: str) -> dict[str, str]:
    return {"@id": name, "@type": kind}


def _instant(moment: dt.datetime) -> dict[str, str]:
    return {"@type": "xsd:dateTime", "@value": moment.isoformat()}


def _publisher(base: str) -> dict[str, Any]:
    return {
        "@id": f"{base}/#municipality",
        "@type": "foaf:Agent",
        "foaf:name": _texts(_("Kuwait Municipality")),
        "dct:type": _of("http://purl.org/adms/publishertype/LocalAuthority", "skos:Concept"),
    }


def _contact() -> dict[str, Any]:
    mail = settings.OPEN_DATA_CONTACT
    return {"@type": "vcard:Organization", "vcard:fn": _texts(_("Kuwait Municipality")), "vcard:hasEmail": {"@id": f"mailto:{mail}"}}


def _licence() -> dict[str, Any]:
    names = {"ar": settings.OPEN_DATA_LICENCE_NAME_AR, "en": settings.OPEN_DATA_LICENCE_NAME_EN}
    titles = [{"@language": language, "@value": name} for language, name in names.items()]
    return {"@id": settings.OPEN_DATA_LICENCE_URL, "@type": "dct:LicenseDocument", "dct:title": titles}


def _distribution(file: dict[str, Any], base: str, edition: Edition) -> dict[str, Any]:
    form = _FORMATS[file["format"]]
    media = MEDIA_TYPES[file["format"]].partition(";")[0]
    packed = {"dcat:compressFormat": _of(_IANA + PACKED, "dct:MediaType")} if file["is_compressed"] else {}
    schema = address(schema_name(edition.dataset, file["format"]))
    return {
        "@id": f"{address(file['name'])}#distribution",
        "@type": "dcat:Distribution",
        "dct:title": _texts(file["name"]),
        "dct:description": _texts(_("All rows of the set in one file, written every night.")),
        "dcat:accessURL": {"@id": f"{base}/ar/open-data/"},
        "dcat:downloadURL": {"@id": address(file["name"])},
        "dct:format": _of(f"{_EU}/file-type/{form}", "dct:MediaTypeOrExtent"),
        "dcat:mediaType": _of(_IANA + media, "dct:MediaType"),
        **packed,
        "dcat:byteSize": {"@type": "xsd:nonNegativeInteger", "@value": str(file["bytes"])},
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": _of("http://spdx.org/rdf/terms#checksumAlgorithm_sha256", "spdx:ChecksumAlgorithm"),
            "spdx:checksumValue": {"@type": "xsd:hexBinary", "@value": file["sha256"]},
        },
        "dct:issued": _instant(edition.made_at),
        "dct:modified": _instant(edition.as_of),
        "dct:license": _licence(),
        "dct:conformsTo": _of(schema, "dct:Standard"),
        "dct:language": [_of(f"{_EU}/language/{code}", "dct:LinguisticSystem") for code in LANGUAGES],
        "dcatap:availability": _of(f"{_EU}/planned-availability/STABLE", "skos:Concept"),
    }


def _dataset(dataset: OpenSet, base: str) -> dict[str, Any]:
    edition = newest_edition(dataset.key)
    issued = {"dct:modified": _instant(edition.as_of)} if edition else {}
    warned = _("Warning: the newest file is older than a day, because a night failed.")
    note = {"adms:versionNotes": _texts(warned)} if is_stale(edition) else {}
    return {
        "@id": f"{base}/open-data/#{dataset.key}",
        "@type": "dcat:Dataset",
        "dct:title": _texts(dataset.title),
        "dct:description": _texts(dataset.about),
        "dct:identifier": f"{base}/open-data/#{dataset.key}",
        "dct:publisher": _publisher(base),
        "dcat:contactPoint": _contact(),
        "dcat:keyword": [text for word in dataset.keywords for text in _texts(word)],
        "dcat:theme": _of(f"{_EU}/data-theme/{dataset.theme}", "skos:Concept"),
        "dct:accrualPeriodicity": _of(f"{_EU}/frequency/DAILY", "dct:Frequency"),
        "dct:accessRights": _of(f"{_EU}/access-right/PUBLIC", "dct:RightsStatement"),
        "dct:language": [_of(f"{_EU}/language/{code}", "dct:LinguisticSystem") for code in LANGUAGES],
        "dct:spatial": {
            "@id": f"{_EU}/country/KWT",
            "@type": "dct:Location",
            "dcat:bbox": {"@type": "http://www.opengis.net/ont/geosparql#wktLiteral", "@value": _BOX},
        },
        "dcat:landingPage": _of(f"{base}/ar/open-data/", "foaf:Document"),
        **issued,
        **note,
        "dcat:distribution": [_distribution(file, base, edition) for file in edition.files] if edition else [],
    }


def _service(base: str) -> dict[str, Any]:
    return {
        "@id": f"{base}/api/v1/#service",
        "@type": "dcat:DataService",
        "dct:title": _texts(_("Public interface of the register of shops")),
        "dct:description": _texts(_("Search, single shops with their history, and the feed of changes; no key is needed.")),
        "dcat:endpointURL": {"@id": f"{base}/api/v1/"},
        "dcat:endpointDescription": {"@id": f"{base}/api/schema/"},
        "dcat:servesDataset": {"@id": f"{base}/open-data/#shops"},
        "dct:publisher": _publisher(base),
        "dcat:contactPoint": _contact(),
        "dct:license": _licence(),
        "dct:accessRights": _of(f"{_EU}/access-right/PUBLIC", "dct:RightsStatement"),
    }


def catalogue() -> dict[str, Any]:
    """The whole catalogue."""
    base = settings.PORTAL_URL
    made = [edition.made_at for dataset in OPEN_SETS.values() if (edition := newest_edition(dataset.key)) is not None]
    return {
        "@context": CONTEXT,
        "@id": f"{base}/api/v1/catalog/",
        "@type": "dcat:Catalog",
        "dct:title": _texts(_("Open data of Kuwait Municipality")),
        "dct:description": _texts(_("What the portal publishes for everybody, with the files, their formats and their licence.")),
        "dct:publisher": _publisher(base),
        "dct:license": _licence(),
        "dct:language": [_of(f"{_EU}/language/{code}", "dct:LinguisticSystem") for code in LANGUAGES],
        "dct:modified": _instant(max(made, default=clock.now())),
        "foaf:homepage": _of(f"{base}/ar/open-data/", "foaf:Document"),
        "dcat:themeTaxonomy": _of(f"{_EU}/data-theme", "skos:ConceptScheme"),
        "dcat:dataset": [_dataset(dataset, base) for dataset in OPEN_SETS.values()],
        "dcat:service": [_service(base)],
    }
