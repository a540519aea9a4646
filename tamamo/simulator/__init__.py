"""A simulated city (模擬): rivers, rain and tide that behave like real ones, marked as such.

For demonstrations, drills and tests; nothing in it is an observation.
"""
