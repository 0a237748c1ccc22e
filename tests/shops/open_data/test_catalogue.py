"""The catalogue is read by an RDF library as harvesters read it, and has what DCAT-AP 3.0 makes mandatory, in both languages."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from pyshacl import validate
from rdflib import DCTERMS, RDF, Graph, Literal, Namespace, URIRef

from municipality.kernel.open_data import OPEN_SETS
from tests.shops.open_data.conftest import Register

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib", "ignore::DeprecationWarning:pyshacl"),  # of their own future
]
DCAT, SPDX = Namespace("http://www.w3.org/ns/dcat#"), Namespace("http://spdx.org/rdf/terms#")

# Own shapes, after the tables of https://semiceu.github.io/DCAT-AP/releases/3.0.0/: what is mandatory, and kinds of the rest.
SHAPES = """
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix spdx: <http://spdx.org/rdf/terms#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix vcard: <http://www.w3.org/2006/vcard/ns#> .
@prefix : <urn:shape:> .
:text sh:property [ sh:path dct:title ; sh:minCount 2 ; sh:nodeKind sh:Literal ; sh:uniqueLang true ; sh:languageIn ("ar" "en") ] ,
  [ sh:path dct:description ; sh:minCount 2 ; sh:nodeKind sh:Literal ; sh:uniqueLang true ; sh:languageIn ("ar" "en") ] .
:catalogue sh:targetClass dcat:Catalog ; sh:node :text ;
  sh:property [ sh:path dct:publisher ; sh:minCount 1 ; sh:maxCount 1 ; sh:class foaf:Agent ] ,
    [ sh:path dcat:dataset ; sh:minCount 1 ; sh:class dcat:Dataset ] , [ sh:path dcat:service ; sh:class dcat:DataService ] ,
    [ sh:path dct:license ; sh:maxCount 1 ; sh:class dct:LicenseDocument ] ,
    [ sh:path dct:language ; sh:class dct:LinguisticSystem ] ,
    [ sh:path dct:modified ; sh:maxCount 1 ; sh:datatype xsd:dateTime ] ,
    [ sh:path foaf:homepage ; sh:maxCount 1 ; sh:class foaf:Document ] .
:dataset sh:targetClass dcat:Dataset ; sh:node :text ;
  sh:property [ sh:path dct:publisher ; sh:maxCount 1 ; sh:class foaf:Agent ] ,
    [ sh:path dcat:distribution ; sh:minCount 1 ; sh:class dcat:Distribution ] , [ sh:path dcat:theme ; sh:class skos:Concept ] ,
    [ sh:path dct:accrualPeriodicity ; sh:maxCount 1 ; sh:class dct:Frequency ] ,
    [ sh:path dct:accessRights ; sh:maxCount 1 ; sh:class dct:RightsStatement ] , [ sh:path dct:spatial ; sh:class dct:Location ] ,
    [ sh:path dct:modified ; sh:maxCount 1 ; sh:datatype xsd:dateTime ] , [ sh:path dcat:landingPage ; sh:class foaf:Document ] .
:distribution sh:targetClass dcat:Distribution ; sh:node :text ;
  sh:property [ sh:path dcat:accessURL ; sh:minCount 1 ; sh:nodeKind sh:IRI ] ,
    [ sh:path dcat:downloadURL ; sh:minCount 1 ; sh:nodeKind sh:IRI ] ,
    [ sh:path dct:format ; sh:maxCount 1 ; sh:class dct:MediaTypeOrExtent ] ,
    [ sh:path dcat:mediaType ; sh:maxCount 1 ; sh:class dct:MediaType ] ,
    [ sh:path dcat:compressFormat ; sh:maxCount 1 ; sh:class dct:MediaType ] ,
    [ sh:path dct:license ; sh:minCount 1 ; sh:maxCount 1 ; sh:class dct:LicenseDocument ] ,
    [ sh:path dcat:byteSize ; sh:maxCount 1 ; sh:datatype xsd:nonNegativeInteger ] ,
    [ sh:path spdx:checksum ; sh:maxCount 1 ; sh:class spdx:Checksum ] , [ sh:path dct:conformsTo ; sh:class dct:Standard ] .
:checksum sh:targetClass spdx:Checksum ;
  sh:property [ sh:path spdx:algorithm ; sh:minCount 1 ; sh:maxCount 1 ] ,
    [ sh:path spdx:checksumValue ; sh:minCount 1 ; sh:maxCount 1 ; sh:datatype xsd:hexBinary ] .
:service sh:targetClass dcat:DataService ; sh:node :text ;
  sh:property [ sh:path dcat:endpointURL ; sh:minCount 1 ; sh:nodeKind sh:IRI ] , [ sh:path dcat:servesDataset ; sh:class dcat:Dataset ] .
:agent sh:targetClass foaf:Agent ; sh:property [ sh:path foaf:name ; sh:minCount 1 ; sh:nodeKind sh:Literal ] .
"""


def harvested() -> Graph:
    answer = Client().get("/api/v1/catalog/", headers={"accept": "application/ld+json"})
    assert answer.status_code == 200 and answer["Content-Type"] == "application/ld+json"
    return Graph().parse(data=answer.content, format="json-ld")


def conforms(graph: Graph) -> tuple[bool, str]:
    shapes = Graph().parse(data=SHAPES, format="turtle")
    good, _, text = validate(graph, shacl_graph=shapes)
    return bool(good), str(text)


def test_the_catalogue_has_what_the_profile_asks_for(register: Register) -> None:
    good, text = conforms(harvested())
    assert good, text


def test_a_catalogue_that_lacks_a_mandatory_part_is_found(register: Register) -> None:
    for lost in ((None, DCTERMS.description, None), (None, DCAT.accessURL, None), (None, SPDX.checksumValue, None)):
        graph = harvested()
        graph.remove(lost)
        assert not conforms(graph)[0], lost


def test_each_distribution_leads_to_the_bytes_it_describes(register: Register) -> None:
    import hashlib

    graph = harvested()
    found = list(graph.subjects(RDF.type, DCAT.Distribution))
    assert len(found) == 6 * len(OPEN_SETS) and len(set(graph.subjects(RDF.type, DCAT.Dataset))) == len(OPEN_SETS)
    for one in found:
        url = graph.value(one, DCAT.downloadURL)
        assert isinstance(url, URIRef)
        content = b"".join(Client().get(str(url).removeprefix("https://portal.example.test")).streaming_content)
        size: Any = graph.value(one, DCAT.byteSize)
        digest: Any = graph.value(graph.value(one, SPDX.checksum), SPDX.checksumValue)
        assert isinstance(size, Literal) and int(size) == len(content)
        assert digest.value.hex() == hashlib.sha256(content).hexdigest()
        standard = str(graph.value(one, DCTERMS.conformsTo)).removeprefix("https://portal.example.test")
        assert Client().get(standard).status_code == 200
