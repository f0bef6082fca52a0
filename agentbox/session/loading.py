"""Loads what a scenario names: `path/to/file.py:name` or `package.module:name`."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from hashlib import blake2b
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from agentbox.core.errors import AuthorError, Mark, Problem, nearest, place_of


def load_object(reference: str, root: Path, anew: str = "") -> Any:
    """Return the object that `reference` names; paths start from `root`.

    `anew` is as for `load_module`.

    Raises:
        AuthorError: no such file or module, it does not import, or it has no such name.
    """
    where, colon, name = reference.rpartition(":")
    if not colon:
        hint = "write path/to/file.py:name or package.module:name"
        raise AuthorError(Problem(f"`{reference}` names no object", hint=hint))
    module = load_module(where, root, anew)
    found = getattr(module, name, None)
    if found is None:
        names = [each for each in vars(module) if not each.startswith("_")]
        close = nearest(name, names)
        note = f"did you mean `{close}`?" if close else f"it has: {', '.join(names)}"
        raise AuthorError(Problem(f"`{where}` has no `{name}`", note=note))
    return found


def load_module(where: str, root: Path, anew: str = "") -> ModuleType:
    """Return a module, by path or by dotted name; a file is run once however often it is named.

    With `anew`, a file is run once for each such word: what others did to it does not show.

    Raises:
        AuthorError: there is no such module, or it raises while it is imported.
    """
    try:
        if where.endswith(".py"):
            return _file(root / where, anew)
        return importlib.import_module(where)
    except AuthorError:
        raise
    except ModuleNotFoundError as error:
        missing = error.name and f"{where}.".startswith(f"{error.name}.")
        raise AuthorError(_missing(where, root) if missing else _failed(where, error)) from error
    except (Exception, SystemExit) as error:
        raise AuthorError(_failed(where, error)) from error


def module_file(where: str, root: Path) -> Path | None:
    """Return the file that a module is in, by path or by dotted name; nothing is imported."""
    if where.endswith(".py"):
        return root / where
    spec, parts = None, where.split(".")
    for number in range(1, len(parts) + 1):
        within = spec.submodule_search_locations if spec else None
        spec = PathFinder.find_spec(".".join(parts[:number]), within)
        if spec is None:
            return None
    return Path(spec.origin) if spec and spec.origin else None


def _file(path: Path, anew: str) -> ModuleType:
    path = path.resolve()
    if not path.is_file():
        siblings = [each.name for each in path.parent.glob("*.py")]
        close = nearest(path.name, siblings)
        note = f"did you mean `{close}`?" if close else ""
        raise AuthorError(
            Problem(f"there is no file {path.name} in {path.parent.name}/", note=note)
        )
    name = f"agentbox_file_{blake2b(str(path).encode(), digest_size=8).hexdigest()}{anew}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise AuthorError(Problem(f"{path.name} is no Python file"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pydantic look the module up by name
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _missing(where: str, root: Path) -> Problem:
    """Say that there is no such module; the place is where it is named."""
    file = f"{where.replace('.', '/')}.py"
    note = f"did you mean `{file}`?" if (root / file).is_file() else ""
    hint = "a file is named by its path, path/to/file.py:name; a module must be installed"
    return Problem(f"there is no module `{where}`", note=note, hint=hint)


def _failed(where: str, error: BaseException) -> Problem:
    if isinstance(error, SyntaxError) and error.filename:
        mark = Mark(Path(error.filename).name, error.lineno or 1, error.offset or 1)
        return Problem(f"`{where}` is no Python: {error.msg}", mark, source=error.text or "")
    mark, source = place_of(error)
    what = f"{type(error).__name__}: {error}"
    return Problem(f"`{where}` cannot be imported: {what}", mark, source=source)
