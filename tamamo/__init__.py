"""Tamamo: a city's shared data platform and the services on it, as one package."""

__version__ = "0.1.0"
