"""`${VAR}` and `${VAR:-default}` in strings of a scenario or a tool file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


def expand(text: str, environ: Mapping[str, str]) -> str:
    """Return `text` with its references replaced.

    Raises:
        KeyError: a variable is not set and has no default; its name is the argument.
    """

    def value(match: re.Match[str]) -> str:
        name, default = match.groups()
        return environ[name] if default is None else environ.get(name, default)

    return _REFERENCE.sub(value, text)


def unset(text: str, environ: Mapping[str, str]) -> list[str]:
    """Return the variables that `text` needs and `environ` lacks, in order."""
    return [
        match[1]
        for match in _REFERENCE.finditer(text)
        if match[2] is None and match[1] not in environ
    ]


def variables(text: str) -> Iterator[str]:
    """Yield the names of the variables that `text` refers to."""
    return (match[1] for match in _REFERENCE.finditer(text))
