"""A town with datasets."""

from tests.publishing.datasets.conftest import hall

__all__ = ["hall"]
