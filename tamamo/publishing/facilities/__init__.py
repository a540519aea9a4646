"""The universal design map: facilities by what people need of them. No Django.

One register holds the facilities (tamamo/projects/universal_design_map/registers); here stands
what the map makes of it: needs, a grade, exports, corrections by anybody, photos, the count.
"""
