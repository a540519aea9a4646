"""Warnings to the public at the desk: written, approved, published, corrected, withdrawn."""
