"""Who answers for whom: a model for each actor of a scenario."""

from __future__ import annotations

from contextlib import AsyncExitStack

from agentbox.core.errors import AuthorError
from agentbox.core.requests import Actor
from agentbox.core.runtime import Model
from agentbox.core.scenario import ModelSpec, Scenario
from agentbox.models import FunctionModel
from agentbox.session.keys import key_of, unfit
from agentbox.session.sources import Sources


def models_of(scenario: Scenario, sources: Sources, closing: AsyncExitStack) -> dict[Actor, Model]:
    """Return the agent's model, and the user's where they are simulated; `closing` ends them.

    Raises:
        AuthorError: a model cannot be made, or may not be asked in this run.
    """
    models: dict[Actor, Model] = {}
    models["agent"] = _model("agent", scenario.model, scenario, sources, closing)
    user = scenario.case.user
    if user:
        models["user"] = _model("user", user.model, scenario, sources, closing)
    return models


def _model(
    actor: Actor, spec: ModelSpec, scenario: Scenario, sources: Sources, closing: AsyncExitStack
) -> Model:
    model = _native(actor, spec, scenario, sources, closing)
    if spec.calls == "native":
        return model
    from agentbox.models.text import TextCalls  # noqa: PLC0415 - for the few that want it

    return TextCalls(model)


def _native(
    actor: Actor, spec: ModelSpec, scenario: Scenario, sources: Sources, closing: AsyncExitStack
) -> Model:
    if spec.provider == "python":
        return FunctionModel(sources.model(spec.function), spec.name)
    if spec.provider == "tape":
        from agentbox.models.tape import TapeModel  # noqa: PLC0415 - for the few that want it

        return TapeModel(sources.tape(spec.trace), elsewhere=True)
    if spec.provider == "openai":
        return _served(spec, sources, closing)
    return _scripted(actor, scenario)


def _scripted(actor: Actor, scenario: Scenario) -> Model:
    from agentbox.models.scripted import ScriptedModel  # noqa: PLC0415 - where one is scripted

    case, user = scenario.case, scenario.case.user
    if user is None:
        return ScriptedModel([turn.script for turn in case.turns], scenario.node)
    script = case.script if actor == "agent" else user.script
    return ScriptedModel([script], scenario.node, whose=f"the {actor}'s")


def _served(spec: ModelSpec, sources: Sources, closing: AsyncExitStack) -> Model:
    from agentbox.models.openai import OpenAIModel  # noqa: PLC0415 - for the few that want it

    problem = unfit(spec, sources.host)
    if problem:
        raise AuthorError(problem)
    model = OpenAIModel(spec, key_of(spec, sources.host))
    closing.push_async_callback(model.close)
    return model
