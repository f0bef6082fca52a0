"""Tools as a list to read: signature-like, grouped by the prefix that names their toolbox."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from agentbox.core.messages import Json, ToolSpec
from agentbox.report.story import compact, map_of
from agentbox.report.text import BLANK, Line, count, cut, one_line, safe, styled, wrap

_DEPTH = 3
_TYPE_MOST = 40


def tools_list(
    specs: Sequence[ToolSpec], marks: Mapping[str, str] = {}, *, width: int = 100
) -> list[Line]:
    """Return tools by prefix, each with its arguments and its description's first sentence.

    `marks` are words to set under a tool's signature, by its name.
    """
    groups: dict[str, list[ToolSpec]] = {}
    for spec in specs:
        prefix, dot, _ = spec.name.partition(".")
        groups.setdefault(prefix if dot else "", []).append(spec)
    lines: list[Line] = []
    for prefix, tools in groups.items():
        if prefix:
            lines.append(((safe(prefix), "bold"), (f"  {count(len(tools), 'tool')}", "dim")))
        for tool in tools:
            lines += tool_lines(tool, marks.get(tool.name, ""), width=width)
        lines.append(BLANK)
    return lines[:-1]


def tool_lines(tool: ToolSpec, mark: str = "", *, width: int = 100) -> list[Line]:
    """Return one tool: its signature, a mark, and the first sentence of its description."""
    arguments = safe(f"({', '.join(_arguments(tool.input_schema))})")
    name = safe(tool.name)
    first, *more = wrap(name + arguments, width - 2)
    head: Line = (("  ", "plain"), (first[: len(name)], "accent"), (first[len(name) :], "plain"))
    lines = [head, *(styled(f"      {line}") for line in more)]
    if mark:
        lines.append(styled(f"      {safe(mark)}", "warn"))
    sentence = first_sentence(tool.description or tool.title)
    return lines + [styled(f"      {line}", "dim") for line in wrap(sentence, width - 6, 2) if line]


def first_sentence(text: str) -> str:
    """Return the first sentence of a description, in one line."""
    paragraph = " ".join(text.strip().partition("\n\n")[0].split())
    head, stop, _ = paragraph.partition(". ")
    return one_line(head + stop.rstrip(), 300)


def _arguments(schema: Mapping[str, Json]) -> Iterable[str]:
    required = schema.get("required")
    needed: list[Json] = cast("list[Any]", required) if isinstance(required, list) else []
    properties = map_of(schema.get("properties"))
    for name in sorted(properties, key=lambda name: name not in needed):
        about = map_of(properties[name])
        mark = "" if name in needed else "?"
        default = f" = {cut(compact(about['default']), _TYPE_MOST)}" if "default" in about else ""
        yield f"{name}{mark}: {cut(type_of(about), _TYPE_MOST)}{default}"


def type_of(schema: Mapping[str, Json], depth: int = _DEPTH) -> str:
    """Return a JSON Schema's type in a few words: `"a" | "b"`, `string[]`, `integer | null`."""
    if "const" in schema:
        return compact(schema["const"])
    for key in ("enum", "anyOf", "oneOf"):
        choices = schema.get(key)
        if isinstance(choices, list) and choices:
            return " | ".join(_choices(key, cast("list[Any]", choices), depth))
    reference = schema.get("$ref")
    if isinstance(reference, str):
        return reference.rpartition("/")[2]
    return _named(schema, depth)


def _choices(key: str, choices: Sequence[Json], depth: int) -> list[str]:
    if key == "enum":
        return [compact(choice) for choice in choices]
    if depth == 0:
        return ["any"]
    return list(dict.fromkeys(type_of(map_of(choice), depth - 1) for choice in choices))


def _named(schema: Mapping[str, Json], depth: int) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(str(one) for one in cast("list[Any]", kind))
    if kind == "array" and depth:
        items = type_of(map_of(schema.get("items")), depth - 1)
        return f"({items})[]" if "|" in items else f"{items}[]"
    return kind if isinstance(kind, str) else "any"
