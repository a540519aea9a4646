"""Warnings to the public as residents see them: banner, pages, feeds, CAP, subscription."""
