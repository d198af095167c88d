"""Errors of oceandata: what was expected, what came, what to do.

Faults of data are ``ValueError`` subclasses, so that callers who know nothing of this
module still catch them in the usual way.
"""

from __future__ import annotations


class OceanDataError(Exception):
    """The root of all errors that oceandata raises on purpose."""


class SchemaError(OceanDataError, ValueError):
    """A dataset does not satisfy its declaration; lists every fault."""

    def __init__(self, faults: str | list[str], *, where: str = ""):
        self.faults = [faults] if isinstance(faults, str) else list(faults)
        head = f"{where}: " if where else ""
        if len(self.faults) == 1:
            message = head + self.faults[0]
        else:
            lines = "\n".join(f"  - {fault}" for fault in self.faults)
            message = f"{head}{len(self.faults)} faults:\n{lines}"
        super().__init__(message)


class FormatError(OceanDataError, ValueError):
    """A file cannot be identified or read in the named format."""


class StoreError(OceanDataError):
    """A store cannot do what was asked."""


class ConflictError(StoreError):
    """Another job committed something that excludes this commit."""


class DamagedStoreError(StoreError):
    """Files that the log promises are missing or differ from their checksum."""


class BudgetError(OceanDataError, ValueError):
    """A request would take more memory, files or time than it may."""


class JobError(OceanDataError, ValueError):
    """A job file is wrong; lists every fault before anything starts."""


class EngineError(OceanDataError, RuntimeError):
    """A piece failed, or the engine cannot run here."""


class ConfidentialError(OceanDataError, ValueError):
    """An export would reveal what must be asked for by name."""


class LicenseError(OceanDataError, ValueError):
    """An input's licence forbids passing the product on."""


class AuditError(ConfidentialError):
    """The audit log cannot be written, or its chain is broken."""
