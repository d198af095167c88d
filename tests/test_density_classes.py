"""AIS ship type codes and the classes of density maps."""

from __future__ import annotations

import numpy as np
import pytest

from oceandata.tracks.classes import CODES_OF_CLASS, SHIP_CLASSES, ship_class


def test_classes__every_code_has_one():
    listed = [code for codes in CODES_OF_CLASS.values() for code in codes]
    assert len(listed) == len(set(listed))
    assert len(SHIP_CLASSES) == 13
    codes = np.array(
        [-1, 0, 19, 20, 30, 33, 36, 37, 45, 50, 52, 55, 69, 70, 89, 99, 300]
    )
    assert ship_class(codes).tolist() == [
        12, 12, 12, 0, 1, 3, 4, 5, 6, 2, 7, 11, 8, 9, 10, 0, 12,
    ]  # fmt: skip
    with pytest.raises(ValueError, match="must be integers"):
        ship_class([30.0])
