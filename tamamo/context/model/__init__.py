"""The information model (clause 4.5): entities and attributes in stored form."""
