"""What the query parameters mean: a schema, a sentence and a value that is one."""

from typing import Any, Final, NamedTuple

Schema = dict[str, Any]
_TEXT: Final[Schema] = {"type": "string", "minLength": 1}
_NAMES: Final[Schema] = {"type": "string", "minLength": 1, "description": "Names with commas."}
_FLAG: Final[Schema] = {"type": "boolean"}
_WHOLE: Final[Schema] = {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}
_MOMENT: Final[Schema] = {"type": "string", "format": "date-time"}
_GEOMETRIES: Final = (
    *("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"),
)


class Parameter(NamedTuple):
    """A parameter. example: a value by itself."""

    schema: Schema
    meaning: str
    example: Any


def _choice(*values: str) -> Schema:
    return {"type": "string", "enum": list(values)}


#: The parameters of the NGSI-LD API (clauses 6.4 to 6.39, 4.9 to 4.23). `options` has the
#: keywords of its operation.
NGSI_LD: Final[dict[str, Parameter]] = {
    "type": Parameter(_TEXT, "Entity types: `A`, `A,B`, `(A;B)` or `*` (4.17).", "Room"),
    "id": Parameter(_TEXT, "Ids of entities, with commas.", "urn:ngsi-ld:Room:1"),
    "idPattern": Parameter(_TEXT, "A regular expression that ids match.", "^urn:.*"),
    "attrs": Parameter(_NAMES, "Attributes, one of which an entity has and only they.", "name"),
    "pick": Parameter(_NAMES, "Members that are shown (4.21).", "id,type,name"),
    "omit": Parameter(_NAMES, "Members that are not shown (4.21).", "name"),
    "q": Parameter(_TEXT, "A condition on attributes (4.9).", "temperature>20"),
    "expandValues": Parameter(_NAMES, "Attributes whose values in `q` are names.", "kind"),
    "jsonKeys": Parameter(_NAMES, "Attributes whose values hold JSON that is not expanded.", "raw"),
    "csf": Parameter(_TEXT, "A condition on context sources (4.9).", "name==1"),
    "scopeQ": Parameter(_TEXT, "Scopes: `/A`, `/A/+`, `/A/#` (4.19).", "/city/#"),
    "georel": Parameter(_TEXT, "A relation to the geometry (4.10).", "near;maxDistance==500"),
    "geometry": Parameter(_choice(*_GEOMETRIES), "What `coordinates` are of.", "Point"),
    "coordinates": Parameter(_TEXT, "Coordinates as in GeoJSON.", "[134.05,34.34]"),
    "geoproperty": Parameter(_TEXT, "The attribute compared; `location` without.", "location"),
    "geometryProperty": Parameter(_TEXT, "The attribute shown as geometry (GeoJSON).", "location"),
    "limit": Parameter(_WHOLE | {"maximum": 1000}, "Elements in the answer at most.", 20),
    "offset": Parameter(_WHOLE, "Elements left out at the beginning.", 0),
    "count": Parameter(_FLAG, "Whether NGSILD-Results-Count tells how many there are.", True),
    "local": Parameter(_FLAG, "Whether only this broker answers, and none it knows.", True),
    "orderBy": Parameter(_TEXT, "Members to order by, with `;desc` (4.23).", "name;desc"),
    "orderFrom": Parameter(_TEXT, "Where distances for orderBy begin.", "[134.05,34.34]"),
    "orderGeometry": Parameter(_choice(*_GEOMETRIES), "What orderFrom is of.", "Point"),
    "collation": Parameter(_TEXT, "The language whose order texts have (BCP 47).", "ja"),
    "join": Parameter(_choice("flat", "inline", "@none"), "How linked entities come.", "flat"),
    "joinLevel": Parameter(_WHOLE | {"minimum": 1}, "How many links are followed.", 1),
    "containedBy": Parameter(_NAMES, "Entities already known that are not linked again.", "urn:x"),
    "datasetId": Parameter(_NAMES, "Instances of attributes; `@none` for the default.", "@none"),
    "lang": Parameter(_TEXT, "The language of LanguageProperties (4.15).", "ja,en"),
    "format": Parameter(_TEXT, "The representation: one keyword of `options`.", "normalized"),
    "options": Parameter(_TEXT, "Keywords, with commas.", ""),
    "observedAt": Parameter(_MOMENT, "When what is written was observed.", "2026-01-01T00:00:00Z"),
    "details": Parameter(_FLAG, "Whether more than names is shown.", True),
    "drop": Parameter(_NAMES, "Attributes that are deleted instead of entities.", "name"),
    "keep": Parameter(_NAMES, "Attributes that stay where all others are deleted.", "name"),
    "deleteAll": Parameter(_FLAG, "Whether all instances are deleted.", True),
    "kind": Parameter(
        _choice("hosted", "cached", "implicitlyCreated"), "Which @contexts.", "hosted"
    ),
    "reload": Parameter(_FLAG, "Whether it is fetched again instead of deleted.", True),
    "timerel": Parameter(_choice("before", "after", "between"), "A time relation.", "after"),
    "timeAt": Parameter(_MOMENT, "The time, or where the range begins.", "2026-01-01T00:00:00Z"),
    "endTimeAt": Parameter(_MOMENT, "Where the range ends.", "2026-02-01T00:00:00Z"),
    "timeproperty": Parameter(
        _choice("observedAt", "createdAt", "modifiedAt", "deletedAt"), "Which time.", "observedAt"
    ),
    "lastN": Parameter(_WHOLE | {"minimum": 1}, "Newest instances of each attribute.", 5),
    "aggrMethods": Parameter(_NAMES, "How values become one (4.5.19).", "avg,max"),
    "aggrPeriodDuration": Parameter(_TEXT, "Length of periods (ISO 8601).", "PT1H"),
    "entityMap": Parameter(_FLAG, "Whether an entity map is made of the answer (5.14).", True),
    "entityMapLifetime": Parameter(_TEXT, "How long it is kept (ISO 8601).", "PT1H"),
    "splitEntities": Parameter(_FLAG, "Whether attributes may come from several sources.", True),
}

#: The parameters of NGSIv2.
NGSIV2: Final[dict[str, Parameter]] = {
    "id": Parameter(_TEXT, "Ids of entities, with commas.", "Room1,Room2"),
    "idPattern": Parameter(_TEXT, "A regular expression that ids match.", "^Room.*"),
    "type": Parameter(_TEXT, "Types of entities, with commas.", "Room"),
    "typePattern": Parameter(_TEXT, "A regular expression that types match.", "^R"),
    "q": Parameter(_TEXT, "Conditions on attributes, with semicolons.", "temperature>20"),
    "mq": Parameter(_TEXT, "Conditions on metadata.", "temperature.accuracy<1"),
    "georel": Parameter(_TEXT, "A relation to the geometry.", "near;maxDistance:500"),
    "geometry": Parameter(_choice("point", "line", "box", "polygon"), "Of `coords`.", "point"),
    "coords": Parameter(_TEXT, "Latitude,longitude with semicolons.", "34.34,134.05"),
    "attrs": Parameter(_NAMES, "Attributes that are shown; `*`: all of the user's.", "name,*"),
    "metadata": Parameter(_NAMES, "Metadata that are shown.", "dateCreated,*"),
    "limit": Parameter(
        _WHOLE | {"minimum": 1, "maximum": 1000}, "Elements in the answer at most.", 20
    ),
    "offset": Parameter(_WHOLE, "Elements left out at the beginning.", 0),
    "orderBy": Parameter(_NAMES, "Attributes to order by; `!` turns the order round.", "!name"),
    "options": Parameter(_TEXT, "Keywords, with commas.", ""),
}


def of_options(keywords: frozenset[str]) -> Parameter:
    """Return the parameter `options` of an operation that takes these keywords."""
    known = sorted(keywords)
    each = "|".join(known)
    schema = {"type": "string", "pattern": f"^({each})(,({each}))*$", "examples": known}
    return Parameter(schema, f"Keywords, with commas: {', '.join(known)}.", known[0])
