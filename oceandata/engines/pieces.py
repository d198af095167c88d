from oceandata.pieces import *  # noqa: F403
from oceandata.pieces import ROWS, ArrayPiece, Piece, TrackArrays, pieces_of, track_arrays  # noqa: F401
