"""Who answers for whom: a model for each actor of a scenario."""

from __future__ import annotations

from agentbox.core.requests import Actor
from agentbox.core.runtime import Model
from agentbox.core.scenario import ModelSpec, Scenario
from agentbox.models import FunctionModel
from agentbox.session.sources import Sources


def models_of(scenario: Scenario, sources: Sources) -> dict[Actor, Model]:
    """Return the agent's model, and the user's where they are simulated.

    Raises:
        AuthorError: a model cannot be made.
    """
    models: dict[Actor, Model] = {"agent": _model(scenario.model, scenario, sources)}
    user = scenario.case.user
    if user:
        models["user"] = _model(user.model, scenario, sources)
    return models


def _model(spec: ModelSpec, scenario: Scenario, sources: Sources) -> Model:
    model = _native(spec, scenario, sources)
    if spec.calls == "native":
        return model
    from agentbox.models.text import TextCalls  # noqa: PLC0415 - for the few that want it

    return TextCalls(model)


def _native(spec: ModelSpec, scenario: Scenario, sources: Sources) -> Model:
    if spec.provider == "python":
        return FunctionModel(sources.model(spec.function), spec.name)
    from agentbox.models.scripted import ScriptedModel  # noqa: PLC0415 - where one is scripted

    return ScriptedModel([turn.script for turn in scenario.case.turns], scenario.node)
