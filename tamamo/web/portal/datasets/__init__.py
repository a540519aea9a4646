"""The catalogue of open data for people: search, a dataset's page, comparisons, feeds, sitemap."""
