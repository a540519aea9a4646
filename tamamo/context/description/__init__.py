"""The APIs described for machines (OpenAPI 3.1) and for people, from the tables they run by."""
