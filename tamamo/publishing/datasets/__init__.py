"""Open datasets: files with versions and live ones, checked, signed, published, searched.

`Datasets` is the door; docs/subsystems/datasets.md says how it works.
"""

from tamamo.publishing.datasets.counting import Count
from tamamo.publishing.datasets.errors import (
    BadDatasetQuery,
    DatasetConflict,
    DatasetRefused,
    UnknownDataset,
    UnknownVersion,
)
from tamamo.publishing.datasets.files import EXTENSIONS, MEDIA_TYPES, etag, file_name
from tamamo.publishing.datasets.metadata import (
    CYCLES,
    LICENCES,
    THEMES,
    Cycle,
    Licence,
    Metadata,
    Theme,
    Words,
)
from tamamo.publishing.datasets.model import (
    FORMATS,
    Act,
    Change,
    Comparison,
    DataRow,
    Dataset,
    DatasetQuery,
    Facet,
    Field,
    Format,
    Found,
    Organization,
    Reason,
    Reports,
    Rights,
    RowChange,
    RowPage,
    RowsQuery,
    Version,
)
from tamamo.publishing.datasets.service import Datasets

__all__ = [
    "CYCLES",
    "EXTENSIONS",
    "FORMATS",
    "LICENCES",
    "MEDIA_TYPES",
    "THEMES",
    "Act",
    "BadDatasetQuery",
    "Change",
    "Comparison",
    "Count",
    "Cycle",
    "DataRow",
    "Dataset",
    "DatasetConflict",
    "DatasetQuery",
    "DatasetRefused",
    "Datasets",
    "Facet",
    "Field",
    "Format",
    "Found",
    "Licence",
    "Metadata",
    "Organization",
    "Reason",
    "Reports",
    "Rights",
    "RowChange",
    "RowPage",
    "RowsQuery",
    "Theme",
    "UnknownDataset",
    "UnknownVersion",
    "Version",
    "Words",
    "etag",
    "file_name",
]
