"""The simulated sea: seeded vessel traffic of the Yellow Sea in real file formats."""

from oceandata.sea.simulate import simulate_sea
from oceandata.sea.truth import SeaTruth

__all__ = ["SeaTruth", "simulate_sea"]
