"""Everything that must hold before a change lands: style, types, floors, tests, coverage.

.venv/bin/python tests/check.py            all of it
.venv/bin/python tests/check.py types      one lane
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
PURE = ",".join(f"agentbox/{each}/*" for each in ("core", "loops", "judge", "report", "schema"))

LANES: dict[str, list[list[str]]] = {
    "style": [["ruff", "check"], ["ruff", "format", "--check"]],
    "types": [["basedpyright", "--pythonpath", sys.executable]],
    "floors": [["lint-imports", "--no-cache"]],
    "tests": [
        ["pytest", "-q", "-n", "auto", "--cov", "--cov-report="],
        ["coverage", "report", "--fail-under=100", f"--include={PURE}"],
        ["coverage", "report", "--fail-under=95"],
    ],
}


def main(wanted: list[str]) -> int:
    """Run the lanes; return 1 where any of them failed."""
    unknown = [name for name in wanted if name not in LANES]
    if unknown:
        print(f"no lane {', '.join(unknown)}: there are {', '.join(LANES)}", file=sys.stderr)
        return 2
    failed = [name for name in wanted or LANES if not _passes(name)]
    print(f"failed: {', '.join(failed)}" if failed else "all lanes passed", flush=True)
    return int(bool(failed))


def _passes(name: str) -> bool:
    started = time.perf_counter()
    environ = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"}
    for command in LANES[name]:
        print(f"$ {' '.join(command)}", flush=True)
        if subprocess.run([str(BIN / command[0]), *command[1:]], cwd=ROOT, env=environ).returncode:  # noqa: PLW1510 - its code is looked at
            return False
    print(f"{name}: {time.perf_counter() - started:.1f} s", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
