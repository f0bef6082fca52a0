"""A JSON Schema from a Python function's signature and docstring, through pydantic."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_type_hints

from agentbox.core.clock import Clock
from agentbox.core.messages import Json, ToolResult, ToolSpec, is_list, is_object

if TYPE_CHECKING:
    from pydantic import BaseModel, TypeAdapter


@dataclass(frozen=True, slots=True)
class Signature:
    """A function as a tool: what the model is told, and how its arguments become Python's."""

    spec: ToolSpec
    model: type[BaseModel]
    returns: TypeAdapter[Any] | None
    """How the result becomes JSON; None where the function does not say what it returns."""
    clock: str = ""
    """The parameter that takes the run's clock; it is left out of the schema."""

    def arguments(self, args: Mapping[str, Json]) -> dict[str, Any]:
        """Return keyword arguments for the function.

        Raises:
            ValueError: pydantic refuses them, though they fit the schema.
        """
        found = self.model.model_validate(dict(args))
        return {name: getattr(found, name) for name in found.model_fields_set}

    def result(self, value: Any) -> Json:
        """Return the function's result as JSON.

        Raises:
            ValueError: it has no JSON form.
        """
        if self.returns is not None:
            return self.returns.dump_python(value, mode="json")
        from pydantic_core import to_jsonable_python  # noqa: PLC0415 - pydantic is here already

        return to_jsonable_python(value)


def signature_of(function: Callable[..., Any], name: str = "") -> Signature:
    """Return `function` as a tool.

    Raises:
        ValueError: a parameter has no type, or a type that JSON Schema cannot say; or it is
            positional-only or variadic. The message names the parameter.
    """
    from pydantic import ConfigDict, Field, create_model  # noqa: PLC0415 - 50 ms

    name = name or function.__name__
    summary, described = _docstring(function)
    hints = _hints(function)
    fields: dict[str, Any] = {}
    clock = ""
    for parameter in inspect.signature(function).parameters.values():
        annotation = _annotation(parameter, hints)
        if annotation is Clock:
            clock = parameter.name
            continue
        default = ... if parameter.default is parameter.empty else parameter.default
        field = Field(default, description=described.get(parameter.name))
        fields[parameter.name] = (annotation, field)
    model: type[BaseModel] = create_model(
        name, __config__=ConfigDict(extra="forbid", arbitrary_types_allowed=False), **fields
    )
    returns, output = _returns(hints)
    return Signature(ToolSpec(name, summary, _schema(model), output), model, returns, clock)


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return get_type_hints(function, include_extras=True)
    except NameError as error:
        raise ValueError(f"a type in its signature is not known: {error}") from None


def _annotation(parameter: inspect.Parameter, hints: Mapping[str, Any]) -> Any:
    if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
        raise ValueError(f"parameter `{parameter.name}` cannot be given by name")
    if parameter.name not in hints:
        raise ValueError(f"parameter `{parameter.name}` has no type")
    return hints[parameter.name]


def _schema(model: type[BaseModel]) -> dict[str, Json]:
    schema = model.model_json_schema()
    return _untitled(schema)


def _returns(hints: Mapping[str, Any]) -> tuple[TypeAdapter[Any] | None, dict[str, Json] | None]:
    """Return the result's adapter, and its schema where it is an object (MCP outputSchema)."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - pydantic is here already

    if hints.get("return", ToolResult) is ToolResult:  # not said, or it makes its result itself
        return None, None
    adapter: TypeAdapter[Any] = TypeAdapter(hints["return"])
    schema = _untitled(adapter.json_schema(mode="serialization"))
    return adapter, schema if schema.get("type") == "object" else None


def _untitled(schema: Any) -> Any:
    """Drop the titles pydantic makes of names: they tell a model nothing and cost tokens."""
    if is_object(schema):
        return {
            key: {name: _untitled(item) for name, item in value.items()}
            if key in ("properties", "$defs")
            else _untitled(value)
            for key, value in schema.items()
            if not (key == "title" and isinstance(value, str))
        }
    if is_list(schema):
        return [_untitled(item) for item in schema]
    return schema


def _docstring(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """Return what the docstring says of the function, and of each parameter."""
    text = inspect.getdoc(function)
    if not text:
        return "", {}
    from docstring_parser import parse  # noqa: PLC0415 - 20 ms, wanted by function tools only

    found = parse(text)
    parts = [part for part in (found.short_description, found.long_description) if part]
    described = {each.arg_name: each.description or "" for each in found.params}
    return "\n\n".join(parts), described
