"""Transactional stores of vessel tracks on plain file systems.

An append-only log over immutable parts: many jobs may write at once, any of them may
be killed at any time, and what a reader sees never changes.
"""

from oceandata.store.copy import Copied
from oceandata.store.report import IngestReport
from oceandata.store.restoring import Restored, restore
from oceandata.store.select import Plan, Selection
from oceandata.store.store import Store, create_store, open_store
from oceandata.store.vacuum import Vacuumed
from oceandata.store.verify import Damage

__all__ = [
    "Copied",
    "Damage",
    "IngestReport",
    "Plan",
    "Restored",
    "Selection",
    "Store",
    "Vacuumed",
    "create_store",
    "open_store",
    "restore",
]
