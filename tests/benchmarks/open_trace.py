"""Opens a trace of 100,000 events as `agentbox show` does, or decodes its lines and no more.

python open_trace.py write FILE    write the trace
python open_trace.py ours FILE     open it: read, its hashes checked, indexed by turn, step and call
python open_trace.py floor FILE    orjson.loads of each line

The last two print CPU seconds and the peak MiB of the process.
"""

from __future__ import annotations

import asyncio
import gc
import resource
import sys
import time
from pathlib import Path

STEPS = 25_000
"""Four events each."""


def write(path: Path) -> None:
    """Write the trace."""
    import ours_loop  # noqa: PLC0415 - reading needs none of it

    asyncio.run(ours_loop.run(STEPS, path))


def ours(path: Path) -> float:
    """Open the trace; return the CPU seconds."""
    from agentbox.report.story import turns_of  # noqa: PLC0415 - not the floor's
    from agentbox.trace import edited, read_trace  # noqa: PLC0415 - as above

    started = time.process_time()
    trace = read_trace(path)
    found = [*trace.problems, *edited(trace, path.read_bytes()), *trace.in_flight()]
    (turn,) = (turn for turn in turns_of(trace.events) if turn.steps)
    took = time.process_time() - started
    if found or len(turn.steps) != STEPS + 1:
        raise RuntimeError(found)
    return took


def floor(path: Path) -> float:
    """Decode the lines; return the CPU seconds."""
    import orjson  # noqa: PLC0415 - ours imports it itself

    started = time.process_time()
    with path.open("rb") as lines:
        for line in lines:
            orjson.loads(line)
    return time.process_time() - started


if __name__ == "__main__":
    gc.disable()  # as the command line does
    command, file = sys.argv[1], Path(sys.argv[2])
    if command == "write":
        write(file)
    else:
        seconds = {"ours": ours, "floor": floor}[command](file)
        print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
