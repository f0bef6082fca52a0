"""The costs of a diff of two long traces, CPU seconds: of the diff, and of reading both.

python diff_traces.py FOLDER    writes two traces of 10,000 events there, one with a step more
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import ours_loop

from agentbox.session.tapes.differing import diff_traces
from agentbox.trace import read_trace

STEPS = 2500
"""Of four events each."""


def main(folder: Path) -> None:
    """Print what it takes to hold the traces against each other, and to read them."""
    paths = [folder / "one.jsonl", folder / "other.jsonl"]
    for path, steps in zip(paths, (STEPS, STEPS + 1), strict=True):
        asyncio.run(ours_loop.run(steps, path))
    started = time.process_time()
    for path in paths:
        read_trace(path)
    read = time.process_time() - started
    started = time.process_time()
    found = diff_traces(*paths)
    took = time.process_time() - started
    if [root.kind for root in found.roots] != ["extra"]:
        raise ValueError(found.roots)
    print(took, read)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
