"""Keys of models: from the environment or the project's `.env`, and in live runs alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agentbox.core.errors import Problem
from agentbox.core.scenario import ModelSpec, Scenario
from agentbox.session.sources import Host

_LINE = re.compile(
    r"^[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_]\w*)[ \t]*=[ \t]*"
    r"(?:\"(?P<double>[^\"\n]*)\"|'(?P<single>[^'\n]*)'|(?P<bare>[^\n]*?))"
    r"[ \t]*(?:(?<=[ \t])#[^\n]*)?$",
    re.MULTILINE,
)
"""A line of `.env`: `NAME=value`, quoted or not, `export` before it and a comment after it."""
_KEY = re.compile(r"[!-~]+")


def key_of(spec: ModelSpec, host: Host) -> str:
    """Return the key that a model is asked with: none offline, or where there is none."""
    if spec.provider != "openai" or not host.live:
        return ""
    return (host.environ.get(spec.key) or written(host).get(spec.key, "")).strip()


def keys_of(scenario: Scenario, host: Host) -> dict[str, str]:
    """Return the keys of a scenario's models, by the variables that hold them."""
    keys = {spec.key: key_of(spec, host) for spec in specs_of(scenario)}
    return {name: key for name, key in keys.items() if key}


def specs_of(scenario: Scenario) -> Iterator[ModelSpec]:
    """Yield who answers for the agent, and for the user where they are simulated."""
    yield scenario.model
    if scenario.case.user:
        yield scenario.case.user.model


def unfit(spec: ModelSpec, host: Host) -> Problem | None:
    """Return why a model may not be asked in this run, if it may not."""
    if spec.provider != "openai":
        return None
    from agentbox.models.openai import is_loopback  # noqa: PLC0415 - for the few that want it

    key, local = key_of(spec, host), is_loopback(spec)
    if not host.live and not local:
        hint = "run with --live, or give it a `base_url` on this machine"
        return Problem(f"the model `{spec.model}` is asked over the network", hint=hint)
    if not key and not local:
        hint = f"export it, or put `{spec.key}=...` into .env at the project's root"
        return Problem(f"`{spec.key}` is not set, and `{spec.model}` needs a key", hint=hint)
    if key and not _KEY.fullmatch(key):
        hint = "a key has no spaces, no line breaks, and plain letters"
        return Problem(f"what `{spec.key}` holds is no key", hint=hint)
    return None


def written(host: Host) -> dict[str, str]:
    """Return what the project's `.env` holds; nothing where there is none."""
    try:
        text = (host.root / ".env").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    return {
        line["name"]: next(filter(None, line.groups()[1:]), "") for line in _LINE.finditer(text)
    }
