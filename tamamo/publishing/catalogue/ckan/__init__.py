"""CKAN's Action API (version 3, docs.ckan.org/en/2.11/api), as its clients use it for reading."""
