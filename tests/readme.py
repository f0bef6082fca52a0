"""Writes the README's scenario reference: tables from the types, examples from tests/reference.

.venv/bin/python tests/readme.py

An example of a section is a file named after it, `servers.yaml` or `servers-http.yaml`; what else
stands beside it is shown once, first. One that begins with `CHECKED` is not run.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agentbox.session import KINDS
from agentbox.spec.reference import CHECKS, Table, reference, tables_text
from agentbox.spec.shapes import keys_of

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
EXAMPLES = ROOT / "tests" / "reference" / "shop"
COMMAND = ".venv/bin/python tests/readme.py"
CHECKED = "# Checked with `agentbox check`, not run: it asks a server."
BEGIN = f"<!-- begin: written by {COMMAND} -->\n"
END = "<!-- end -->\n"


def examples(section: str) -> list[Path]:
    """Return the example files of a section."""
    return sorted([*EXAMPLES.glob(f"{section}.yaml"), *EXAMPLES.glob(f"{section}-*.yaml")])


def written(readme: str) -> str:
    """Return the README with the reference as it should be."""
    before, _, rest = readme.partition(BEGIN)
    after = rest.partition(END)[2]
    return before + BEGIN + "\n" + "\n".join(_blocks()) + "\n" + END + after


def _blocks() -> Iterator[str]:
    others = sorted(path for path in EXAMPLES.iterdir() if path.suffix not in (".yaml", ".jsonl"))
    names = ", ".join(f"<code>shop/{path.name}</code>" for path in others)
    yield _folded(f"the files that the examples name: {names}", map(_file, others))
    for section, tables in reference(KINDS).items():
        parts = [tables_text(tables), *map(_file, examples(section))]
        yield _folded(f"<b>{section}</b>: {_keys(section, tables)}", iter(parts))


def _folded(summary: str, parts: Iterator[str]) -> str:
    return f"<details><summary>{summary}</summary>\n\n{chr(10).join(parts)}\n</details>\n"


def _keys(section: str, tables: list[Table]) -> str:
    names = KINDS.checks if section == CHECKS else keys_of(tables[0].cls)
    return ", ".join(f"<code>{name}</code>" for name in names)


def _file(path: Path) -> str:
    text = path.read_text()
    language = {".py": "python", ".yaml": "yaml", ".json": "json"}.get(path.suffix, "text")
    kind = "checked" if text.startswith(CHECKED) else "file"
    return f"`shop/{path.name}`\n\n<!-- {kind}: shop/{path.name} -->\n```{language}\n{text}```\n"


if __name__ == "__main__":
    README.write_text(written(README.read_text()))
