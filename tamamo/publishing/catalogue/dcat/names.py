"""Names of the vocabularies DCAT-AP is written in, and the addresses of its code lists."""

from typing import Final

#: Prefix → namespace: the @context of every document.
PREFIXES: Final = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcatap": "http://data.europa.eu/r5r/",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "hydra": "http://www.w3.org/ns/hydra/core#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_EU: Final = "http://publications.europa.eu/resource/authority/"
LANGUAGES: Final = {"ja": _EU + "language/JPN", "en": _EU + "language/ENG"}
PUBLIC: Final = _EU + "access-right/PUBLIC"
THEMES: Final = _EU + "data-theme"
STABLE: Final = _EU + "planned-availability/AVAILABLE"
LOCAL_AUTHORITY: Final = "http://purl.org/adms/publishertype/LocalAuthority"
JAPAN: Final = _EU + "country/JPN"
CKAN_API: Final = "https://docs.ckan.org/en/latest/api/"
OGC_FEATURES: Final = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core"
NGSI_LD: Final = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld"
#: As GeoSPARQL and DCAT write a geometry in a text.
WKT: Final = "http://www.opengis.net/ont/geosparql#wktLiteral"
