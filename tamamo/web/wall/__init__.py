"""The wall: one page for the screen on the wall of the crisis office, and for a phone."""
