"""The catalogue: what stores and products hold, where, of when, and for whom.

(The package is not called catalog: it would hide the function of that name.)
"""

from oceandata.catalogue.catalog import Catalog, catalog
from oceandata.catalogue.entries import Entry, Field

__all__ = ["Catalog", "Entry", "Field", "catalog"]
