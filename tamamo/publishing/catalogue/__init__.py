"""The catalogue of open data as other systems read it: CKAN's API, DCAT-AP 3, files, harvest.

What is published, and to whom, `tamamo.publishing.datasets` says; here is how it is told.
docs/subsystems/catalogue.md says how it works.
"""
