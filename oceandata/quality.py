"""Quality flags after QARTOD (IOOS 2020): one small integer per value.

References
----------
U.S. IOOS (2020), QARTOD Data Quality Control Flags, version 1.2, table 1.
"""

from __future__ import annotations

GOOD = 1
NOT_EVALUATED = 2
SUSPECT = 3
FAIL = 4
MISSING = 9

FLAG_VALUES = (GOOD, NOT_EVALUATED, SUSPECT, FAIL, MISSING)
FLAG_MEANINGS = "good not_evaluated suspect fail missing"
