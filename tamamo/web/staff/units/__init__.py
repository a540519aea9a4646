"""Portable units on the staff face: where each stands, and the form by which one is moved."""
