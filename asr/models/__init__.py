"""Models that don't come with the gateway: what there is, and how it is installed."""

from asr.models.catalog import CATALOG, find_model
from asr.models.entry import CatalogEntry, Download, EngineName, Published
from asr.models.installed import damages, disk_bytes, installed_model, remove, state_of
from asr.models.pull import Progress, Pulled, pull

__all__ = [
    "CATALOG",
    "CatalogEntry",
    "Download",
    "EngineName",
    "Progress",
    "Published",
    "Pulled",
    "damages",
    "disk_bytes",
    "find_model",
    "installed_model",
    "pull",
    "remove",
    "state_of",
]
