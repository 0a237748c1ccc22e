"""The resources of OGC API – Features."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import urlencode

from django.conf import settings
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from municipality.interface import BadParameters, NothingHere, PublicView
from municipality.kernel import clock
from zoning.geometry.shapes import KUWAIT
from zoning.ogc.collections import COLLECTIONS, FILTERS, Collection, page
from zoning.ogc.description import CONFORMANCE, description
from zoning.ogc.parameters import COMMON, ItemsForm, items_query

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
JSON, GEOJSON, OPENAPI = "application/json", "application/geo+json", "application/vnd.oai.openapi+json;version=3.0"


def _url(path: str = "", query: dict[str, Any] | None = None) -> str:
    return f"{settings.PORTAL_URL}/api/ogc/{path}" + (f"?{urlencode(query)}" if query else "")


def _link(rel: str, href: str, media_type: str, title: str = "") -> dict[str, str]:
    return {"rel": rel, "href": href, "type": media_type, **({"title": title} if title else {})}


class GeoJSONRenderer(JSONRenderer):
    media_type = GEOJSON


class OpenAPIRenderer(JSONRenderer):
    media_type = OPENAPI.partition(";")[0]


@extend_schema(exclude=True)
class Landing(PublicView):
    def get(self, request: Request) -> Response:
        """Where everything is."""
        links = [
            _link("self", _url(), JSON),
            _link("service-desc", _url("api"), OPENAPI, _("Description of the interface")),
            _link("conformance", _url("conformance"), JSON),
            _link("data", _url("collections"), JSON),
        ]
        return Response(
            {"title": _("Plots of Kuwait Municipality"), "description": _("Plots and land use, without owners."), "links": links}
        )


@extend_schema(exclude=True)
class Conformance(PublicView):
    def get(self, request: Request) -> Response:
        """The conformance classes that hold."""
        return Response({"conformsTo": list(CONFORMANCE)})


@extend_schema(exclude=True)
class Description(PublicView):
    renderer_classes: ClassVar[Any] = [OpenAPIRenderer, JSONRenderer]

    def get(self, request: Request) -> Response:
        """The interface in OpenAPI 3.0."""
        return Response(description(f"{settings.PORTAL_URL}/api/ogc"))


def _collection(one: Collection) -> dict[str, Any]:
    return {
        "id": one.name,
        "title": str(one.title),
        "description": str(one.description),
        "extent": {"spatial": {"bbox": [list(KUWAIT)], "crs": CRS84}, "temporal": {"interval": [[None, None]]}},
        "itemType": "feature",
        "crs": [CRS84],
        "links": [
            _link("self", _url(f"collections/{one.name}"), JSON),
            _link("items", _url(f"collections/{one.name}/items"), GEOJSON),
        ],
    }


def _known(name: str) -> Collection:
    found = COLLECTIONS.get(name)
    if found is None:
        raise NothingHere(_("There is no such collection. They are listed at /api/ogc/collections."))
    return found


@extend_schema(exclude=True)
class Collections(PublicView):
    def get(self, request: Request) -> Response:
        """Every collection."""
        links = [_link("self", _url("collections"), JSON)]
        return Response({"links": links, "collections": [_collection(one) for one in COLLECTIONS.values()]})


@extend_schema(exclude=True)
class OneCollection(PublicView):
    def get(self, request: Request, name: str) -> Response:
        """One collection."""
        return Response(_collection(_known(name)))


@extend_schema(exclude=True)
class Items(PublicView):
    renderer_classes: ClassVar[Any] = [GeoJSONRenderer, JSONRenderer]

    names = (*COMMON, *FILTERS)

    def get(self, request: Request, name: str) -> Response:
        """The features of a collection, in the order of their keys, a page at a time."""
        collection = _known(name)
        given = {key: request.query_params[key] for key in FILTERS if key in request.query_params}
        _check(given, collection.filters)
        asked = items_query(self.read(ItemsForm(request.query_params)), given)
        rows = collection.rows(asked.period, asked.filters)
        found, is_more = page(rows, asked.box, asked.after, asked.limit)
        own = {key: value for key, value in request.query_params.items() if key != "after"}
        here = f"collections/{name}/items"
        links = [
            _link("self", _url(here, dict(request.query_params.items())), GEOJSON),
            _link("collection", _url(f"collections/{name}"), JSON),
        ]
        if is_more:
            links.append(_link("next", _url(here, {**own, "after": found[-1].pk}), GEOJSON))
        body: dict[str, Any] = {"type": "FeatureCollection", "features": collection.features(found)}
        if asked.box is None and not asked.after:  # counting the exact matches of a box would read them all
            body["numberMatched"] = rows.count()
        body |= {"numberReturned": len(found), "timeStamp": clock.now().isoformat().replace("+00:00", "Z"), "links": links}
        return Response(body)


def _check(filters: dict[str, str], known: tuple[str, ...]) -> None:
    errors = {name: _("This collection has no such property.") for name in filters if name not in known}
    errors |= {name: _("Give it in at most 30 characters.") for name, value in filters.items() if len(value) > 30 or "\x00" in value}
    if "area" in filters and not (filters["area"].isascii() and filters["area"].isdigit() and len(filters["area"]) < 10):
        errors["area"] = _("Give the code of the area, as /api/v1/areas/ lists them.")
    if errors:
        raise BadParameters(errors)


@extend_schema(exclude=True)
class ItemView(PublicView):
    renderer_classes: ClassVar[Any] = [GeoJSONRenderer, JSONRenderer]

    def get(self, request: Request, name: str, identity: str) -> Response:
        """One feature; an ended plot too."""
        collection = _known(name)
        row = collection.by_id(identity)
        if row is None:
            raise NothingHere(_("The collection has no feature with this id."))
        (feature,) = collection.features([row])
        here = f"collections/{name}"
        links = [_link("self", _url(f"{here}/items/{identity}"), GEOJSON), _link("collection", _url(here), JSON)]
        return Response({**feature, "links": links})
