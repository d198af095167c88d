"""Array kernels of oceandata: NumPy and Numba only, arrays in, arrays out."""
