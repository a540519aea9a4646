"""The universal design map on the citizens' face: by need, as list, map, print and files."""
