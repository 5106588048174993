"""What both peers share: reading a row's inputs and answering `bench.py`, line by line.

A peer is started as `peer.py ROW INPUTS OUTPUT THREADS`. It writes value and hypergradient to OUTPUT,
prints one line, and then answers every line `N` with the seconds of N evaluations, until input ends.
"""

import json
import os
import sys
import time


def limit_threads():
    """Holds the process to the number of threads it was given, before any library is loaded."""
    threads = sys.argv[4]
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = threads
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(threads)])


limit_threads()

import numpy as np  # noqa: E402

# Single precision, unless bench.py compares values in double.
DOUBLE = os.environ.get("BDA_DOUBLE") == "1"
DTYPE = np.float64 if DOUBLE else np.float32


def arguments():
    """(row, inputs path, output path), with the number of threads set in the environment."""
    from rows import ROWS

    name, inputs, output, _ = sys.argv[1:5]
    return ROWS[name], inputs, output


def read(path):
    """All arrays of an HDF5 file by name."""
    import h5py

    arrays = {}

    def add(name, item):
        if isinstance(item, h5py.Dataset):
            value = np.asarray(item)
            arrays[name] = value.astype(DTYPE) if value.dtype.kind == "f" else value

    with h5py.File(path) as file:
        file.visititems(add)
    return arrays


def serve(evaluate, output):
    """`evaluate` returns (value, hypergradient by name) as numpy arrays once it is called with True."""
    import h5py

    value, slopes = evaluate(True)
    with h5py.File(output, "w") as file:
        file["upperValue"] = value
        for name, slope in slopes.items():
            file[name] = slope
    print("ready", flush=True)
    for line in sys.stdin:
        seconds = []
        for _ in range(int(line)):
            start = time.perf_counter()
            evaluate(False)
            seconds.append(time.perf_counter() - start)
        with open("/proc/self/status") as status:
            peak = next(int(row.split()[1]) << 10 for row in status if row.startswith("VmHWM"))
        print(json.dumps({"seconds": seconds, "peakBytes": peak}), flush=True)
