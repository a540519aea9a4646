"""From a cell to a value: every way in which Japanese departments write one.

Each parser takes a cell and the column's format, and returns the value, None where the cell says
there is none, or `Marked` where the value is usable and something must be said of it. It raises
quality.Invalid where the cell has a value that does not fit.
"""
