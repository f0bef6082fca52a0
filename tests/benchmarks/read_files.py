"""The floor of reading: the same files through ruamel alone. Also writes those files.

python read_files.py write FOLDER    100 scenario files of 200 lines, and the tools they name
python read_files.py load FOLDER     load them with ruamel.yaml's safe loader in pure Python
"""

from __future__ import annotations

import sys
from pathlib import Path

FILES, LINES = 100, 200
HEAD = """\
version: 1
description: A customer asks about an upgrade that is overdue.
now: 2026-03-20T14:30:00Z
seed: 7
agent:
  loop: react
  system: You are the support desk. Answer from the tools, and cite them.
  slots: [now, customer]
  limits: {steps: 8, tool_calls: 20, tokens: 20000, cost_usd: 0.05, seconds: 60}
model: {provider: scripted}
servers:
  accounts: {command: [python, server.py], era: modern}
tools: [tools.py]
context:
  customer: {name: Dana, plan: enterprise}
cases:
"""
CASE = """\
  - name: overdue_{number}
    tags: [smoke]
    turns:
      - user: My account LLM-4829 was supposed to be upgraded yesterday. What happened?
        script:
          - {{call: accounts.get_account, args: {{account_id: LLM-4829}}}}
          - {{say: "The upgrade of LLM-4829 was due on March 19, and is overdue."}}
        checks: [{{says: March 19}}, {{never_says: tomorrow}}]
    checks:
      - tool_called: {{name: accounts.get_account, args: {{account_id: LLM-4829}}}}
      - trajectory: {{calls: [accounts.get_account], order: in_order, extra: allow}}
      - json_path: {{path: $.plan, equals: enterprise, of: accounts.get_account}}
      - ended: answered
"""
TOOLS = '''def look(key: str) -> str:
    """Look a key up."""
    return key
'''


def write(folder: Path) -> None:
    """Write the files."""
    cases = "".join(CASE.format(number=number) for number in range(20))
    lines = (HEAD + cases).splitlines()[: LINES - 1]
    while not lines[-1].startswith("      - ended"):  # whole cases alone
        lines.pop()
    text = "\n".join([*lines, *["# the end"] * (LINES - len(lines))]) + "\n"
    (folder / "files").mkdir()
    for number in range(FILES):
        (folder / "files" / f"s{number:03}.yaml").write_text(
            text.replace("seed: 7", f"seed: {number}")
        )
    (folder / "tools.py").write_text(TOOLS)
    (folder / "server.py").touch()
    (folder / "pyproject.toml").touch()


def load(folder: Path) -> None:
    """Load the files with ruamel alone."""
    from ruamel.yaml import YAML  # noqa: PLC0415 - writing needs none

    for path in sorted((folder / "files").iterdir()):
        YAML(typ="safe", pure=True).load(path.read_text())


if __name__ == "__main__":
    {"write": write, "load": load}[sys.argv[1]](Path(sys.argv[2]))
