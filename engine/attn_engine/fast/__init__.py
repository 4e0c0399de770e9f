"""Attention for the eye, near the machine's limit: float32, in tiles that stay in the cache, on all cores.

    packed = pack(query, pack_keys(key, value))      the scale into the queries, the keys into blocks
    weighed(packed, "causal")                        weights, output and entropy of all rows
    mean_map(packed, head, rows, columns)            a heat map of any size, and the entropy of every row
    mean_rows(packed, head, queries, columns)        single rows of it

Every number is that of `attend` in float64 but for rounding, as far as float32 holds the scores; where they are too
large for that, or no numbers, the plain stages compute them. For all digits there is `attend`, which keeps every stage.
All cores are used where matrix products keep to one thread: OPENBLAS_NUM_THREADS=1, set before NumPy is loaded.
"""
