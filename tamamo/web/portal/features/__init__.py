"""The OGC API as pages (Part 1, requirements class HTML): made of the answers that programs get."""
