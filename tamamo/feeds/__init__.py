"""Data in: readers turn what others publish into entities; bad rows are kept with their reasons."""
