"""The catalogue as DCAT-AP 3 (SEMIC, 3.0.0): JSON-LD, Turtle, RDF/XML; and such catalogues read."""
