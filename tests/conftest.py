"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

# the same examples in every run of CI; new ones on every developer's machine
hypothesis.settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("ci")

ROOT = Path(__file__).resolve().parents[1]
# where Slurm is installed for its tests, this machine is no login node
os.environ["OCEANDATA_LOGIN_LIMITS"] = "0"


@pytest.fixture(scope="session")
def truth() -> Path:
    """Folder with other people's numbers, or a skip that says what to set."""
    path = Path(os.environ.get("OCEANDATA_TRUTH", ROOT.parent / "shared" / "truth"))
    if not path.is_dir():
        pytest.skip("no reference data: set OCEANDATA_TRUTH to its folder")
    return path
