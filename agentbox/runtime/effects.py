"""The innermost handler: the real model, tools, user and clock.

Every effect records its intent before and its result after; what is open when the run is cancelled
is closed as `interrupted`. A tool's failure is a value; only a broken world raises.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any, TypeAlias

import orjson

from agentbox.core.clock import Clock
from agentbox.core.errors import AgentboxError, ModelFailed, Problem, WorldError
from agentbox.core.messages import (
    Json,
    ToolCall,
    ToolResult,
    ToolSpec,
    unknown_tool,
)
from agentbox.core.requests import (
    Actor,
    Answer,
    Approve,
    Approved,
    Ask,
    AskUser,
    CallOne,
    Done,
    Elicit,
    Elicited,
    Enter,
    Failed,
    Leave,
    Note,
    Now,
    Observation,
    Observe,
    Observed,
    ReadClock,
    Reply,
    Request,
    Said,
    UserSaid,
    answered,
    look_of,
)
from agentbox.core.runtime import CallContext, Handler, Model, Placed, Toolbox
from agentbox.core.scenario import Deadlines
from agentbox.core.trace import EVENT_FIELDS, Position, Recorder
from agentbox.runtime.deadlines import Held, Watchdog, is_cancelled
from agentbox.runtime.listing import Listing, Relisting
from agentbox.runtime.recorded import call_data, given, numbered, result_data, said_data
from agentbox.runtime.shapes import misfits
from agentbox.schema import shape_of

User: TypeAlias = Callable[[str], Awaitable[UserSaid]]
"""Gives the user's next words to what they heard last; None when there are no more."""

Form: TypeAlias = Callable[[Elicit], Awaitable[Elicited]]
"""Gives what the user does with a form that a tool shows them in the middle of a call."""

Approver: TypeAlias = Callable[[Approve], Awaitable[Approved]]
"""Decides whether what an agent asks to do may be done."""

Look: TypeAlias = Callable[[Observation, Position], Awaitable[Observed]]
"""Looks at the world for a check; what it does for that is recorded under the position."""


def scripted_user(turns: Iterable[str | UserSaid]) -> User:
    """Return a user who says these words, one a turn, whatever they hear."""
    words = iter(turns)

    async def user(heard: str) -> UserSaid:  # noqa: ARG001 - they do not listen
        said = next(words, None)
        return said if isinstance(said, UserSaid) else UserSaid(said)

    return user


async def declined(_: Elicit) -> Elicited:
    """Fill in no form."""
    return Elicited()


async def unapproved(_: Approve) -> Approved:
    """Approve nothing."""
    return Approved(yes=False, why="nobody is there to approve")


async def nothing_seen(observation: Observation, at: Position) -> Observed:  # noqa: ARG001 - a Look
    """See nothing: a world of loops and tools alone."""
    return Observed(error="there is nobody to look")


@dataclass(frozen=True, slots=True)
class World:
    """Who answers: everything a run touches outside itself."""

    models: Mapping[Actor, Model]
    toolbox: Toolbox
    user: User
    clock: Clock
    deadlines: Deadlines
    seed: int = 0
    tick: float = 0.0
    look: Look = nothing_seen
    form: Form = declined
    approver: Approver = unapproved
    max_result_bytes: Mapping[str, int] = field(default_factory=dict[str, int])
    """The most of a result that is shown, by a tool's name or glob."""
    relisting: Relisting | None = None
    """None where no tool changes."""


class Effects:
    """Answers requests from a `World`, recording each intent and each result."""

    def __init__(self, world: World, recorder: Recorder) -> None:
        self._world = world
        self._clock = world.clock.reading()
        self._recorder = recorder
        self.outermost: Handler = self
        """Who answers what a tool asks in mid-call: the whole stack, where there is one."""
        self._watchdog = Watchdog()
        self._offered: dict[Actor, tuple[tuple[ToolSpec, ...], frozenset[str]]] = {}
        """What each actor's model was offered last; it may call nothing else."""
        self._answers: dict[type, Callable[[Placed, Any], Awaitable[Reply]]] = {
            Ask: self._ask,
            CallOne: self._call,
            AskUser: self._ask_user,
            Elicit: self._elicit,
            Approve: self._approve,
            Note: self._note,
            Observe: self._observe,
            ReadClock: self._read_clock,
            Enter: self._enter,
            Leave: self._leave,
        }
        self._listing = Listing(world.toolbox, world.relisting)

    @property
    def tools(self) -> list[str]:
        """The names of all tools there were, those that went among them."""
        return self._listing.names

    async def __call__(self, placed: Placed) -> Reply:
        """Answer one request."""
        answer = self._answers.get(type(placed.request))
        if answer is None:
            raise TypeError(f"a loop asked {placed.request!r}, which is no request")
        return await answer(placed, placed.request)

    # -- the model

    async def _ask(self, placed: Placed, ask: Ask) -> Reply:
        self._tick(1)
        ask = await self._listing.current(placed, ask)
        self._offer(placed.actor, ask)
        self._recorder.ask(placed.at, ask)
        deadline = self._watchdog.within(self._world.deadlines.model)
        try:
            with deadline:
                said = await self._world.models[placed.actor].reply(ask, placed.at)
        except TimeoutError as error:
            if not deadline.expired:
                raise
            return self._model_late(placed, error)
        except asyncio.CancelledError as error:
            if is_cancelled(error):
                self._no_answer(placed, "interrupted")
                raise
            raise self._broken(placed, "raised CancelledError") from error
        except ModelFailed as error:
            failed = Failed(str(error), error.status, error.retry_after)
            return self._model_failed(placed, failed)
        except AgentboxError as error:
            self._no_answer(placed, str(error))
            raise
        try:
            return self._said(placed, said)
        except (TypeError, RecursionError) as error:
            raise self._broken(placed, f"gave what is no JSON: {error}") from error

    def _offer(self, actor: Actor, ask: Ask) -> None:
        known, tools = self._offered.get(actor), ask.tools
        if not ask.aside and (known is None or (tools and known[0] is not tools)):
            self._offered[actor] = (tools, frozenset(tool.name for tool in tools))

    def _broken(self, placed: Placed, how: str) -> WorldError:
        """Record that a model did what no model may; return the error that says so."""
        why = f"the model `{self._world.models[placed.actor].name}` {how}"
        self._no_answer(placed, why)
        return WorldError(Problem(f"{why}, at {placed.at}"))

    def _no_answer(self, placed: Placed, why: str, detail: str = "", **more: Json) -> None:
        side = {"detail": detail} if detail else None
        self._recorder.emit(placed.at, "model.result", {"error": why, **more}, side)

    def _model_failed(self, placed: Placed, failed: Failed, detail: str = "") -> Failed:
        """Record that the model gave no answer, which is one more thing that a loop may hear."""
        wait = {} if failed.retry_after is None else {"retry_after": failed.retry_after}
        self._no_answer(placed, failed.message, detail, status=failed.status, **wait)
        return failed

    def _model_late(self, placed: Placed, error: TimeoutError) -> Failed:
        held = error.__cause__
        detail = f"it held the event loop at {held.place}" if isinstance(held, Held) else ""
        why = f"no answer in {self._world.deadlines.model:g} s"
        return self._model_failed(placed, Failed(why, "timeout"), detail)

    def _said(self, placed: Placed, said: Said) -> Said:
        message = numbered(said.message, placed.at)
        if message is not said.message:
            said = Said(message, said.usage, said.stop, said.limit, said.error)
        name = self._world.models[placed.actor].name
        self._recorder.emit(placed.at, "model.result", said_data(said, name), None, message)
        return said

    # -- tools

    async def _call(self, placed: Placed, request: CallOne) -> Reply:
        if request.index == 0:
            self._tick(request.batch)
        call = request.call
        self._recorder.emit(placed.at, "tool.request", call_data(call))
        try:
            result = self._shortened(placed, call, await self._result(placed, call))
        except asyncio.CancelledError:
            result = ToolResult("interrupted", "The run ended before the answer.", "transport")
            self._answered(placed, call, result)
            raise
        except AgentboxError as error:
            self._answered(placed, call, ToolResult("failed", str(error), "transport"))
            raise
        return self._answered(placed, call, result)

    def _shortened(self, placed: Placed, call: ToolCall, result: ToolResult) -> ToolResult:
        """Return what a model is shown of a result; where that is not all, the rest is recorded."""
        limits = self._world.max_result_bytes
        if not limits:
            return result
        most = next((n for glob, n in limits.items() if fnmatchcase(call.name, glob)), None)
        whole = result.text.encode(errors="surrogatepass")
        if most is None or len(whole) <= most:
            return result
        data = {"tool": call.name, "bytes": len(whole), "shown": most, "whole": result.text}
        self._recorder.emit(placed.at, "tool.truncated", data)
        shown = whole[:most].decode(errors="ignore")
        return replace(result, text=f"{shown}\n[cut off: {most} of {len(whole)} bytes are shown]")

    def _answered(self, placed: Placed, call: ToolCall, result: ToolResult) -> Answer:
        answer = answered(call, result)
        side = {"detail": result.detail} if result.detail else None
        self._recorder.emit(placed.at, "tool.result", result_data(result), side, answer.message)
        return answer

    async def _result(self, placed: Placed, call: ToolCall) -> ToolResult:
        offered = self._offered.get(placed.actor)
        if offered is not None and call.name not in offered[1]:
            return unknown_tool(call.name, sorted(offered[1]))
        shapes = self._listing.shapes(call.name)
        wrong = misfits(call, shapes)
        if wrong:
            return ToolResult("failed", wrong, "schema")
        world = self._world
        limit = world.deadlines.call
        context = CallContext(placed.at, self._clock, world.seed, limit, self._reenter)
        deadline = self._watchdog.within(limit)
        try:
            with deadline:
                result = await world.toolbox.call(_private(call), context)
        except TimeoutError as error:
            if not deadline.expired:
                raise
            return ToolResult("timeout", _late(limit, error), "transport")
        except asyncio.CancelledError as error:
            if is_cancelled(error):
                raise
            return ToolResult("failed", "The tool raised CancelledError.", "tool")
        return shapes.checked(result) if shapes else result

    async def _reenter(self, at: Position, request: Request) -> Reply:
        placed = Placed(at, request)
        if isinstance(request, Ask) and placed.actor not in self._world.models:
            return Failed("there is no model here")  # a look of a check: nobody plays it
        return await self.outermost(placed)

    # -- the user, the clock, scopes

    async def _ask_user(self, placed: Placed, request: AskUser) -> Reply:
        self._recorder.emit(placed.at, "user.request", {})
        said = await self._world.user(request.heard)
        self._recorder.emit(placed.at, "user.result", {"text": said.text})
        return said

    async def _elicit(self, placed: Placed, form: Elicit) -> Reply:
        """Show a form; whoever shows it records it, and what came of it."""
        filled = await self._world.form(form)
        errors = shape_of(form.schema).errors(filled.content) if filled.action == "accept" else ()
        if errors:
            said = f"the answer to the form {form.message!r}, at {placed.at}, does not fit it"
            hint = "mend the case's `answers`"
            raise WorldError(Problem(f"{said}: {'; '.join(errors)}", hint=hint))
        return filled

    async def _observe(self, placed: Placed, request: Observe) -> Reply:
        look = look_of(request.observation)
        self._recorder.emit(placed.at, "observe.request", {"look": look})
        seen = Observed(error="the run ended before anything was seen")
        try:
            seen = await self._world.look(request.observation, placed.at)
        finally:
            found = {"error": seen.error} if seen.error else {"value": seen.value}
            self._recorder.emit(placed.at, "observe.result", {"look": look, **found})
        return seen

    async def _approve(self, placed: Placed, request: Approve) -> Reply:
        decision = await self._world.approver(request)
        asked = {"what": request.what, "detail": request.detail}
        self._recorder.emit(placed.at, "approval", asked | asdict(decision))
        return decision

    async def _note(self, placed: Placed, note: Note) -> Reply:
        taken = sorted(note.data.keys() & EVENT_FIELDS)
        if taken:
            raise TypeError(f"a loop's note `{note.kind}` has a field {taken[0]!r}: events have it")
        self._recorder.emit(placed.at, note.kind, note.data)
        return Done()

    async def _read_clock(self, placed: Placed, _: ReadClock) -> Reply:
        clock = self._world.clock
        now = Now(clock.iso(), clock.zone, clock.block())
        data = {"iso": now.iso, "zone": now.zone, "block": now.block}
        self._recorder.emit(placed.at, "clock.read", data)
        return now

    async def _enter(self, placed: Placed, request: Enter) -> Reply:
        data: dict[str, Json] = {"scope": request.kind}
        if request.limits:
            data["limits"] = given(request.limits)
        self._recorder.emit(placed.at, "scope.enter", data)
        return Done()

    async def _leave(self, placed: Placed, request: Leave) -> Reply:
        end = request.end
        data = {"end": {"reason": end.reason, "answer": end.answer, **end.data}} if end else {}
        self._recorder.emit(placed.at, "scope.leave", data)
        return Done()

    def _tick(self, requests: int) -> None:
        if self._world.tick:
            self._world.clock.advance(self._world.tick * requests)


def _late(limit: float, error: TimeoutError) -> str:
    """Say that a call took too long, and what whoever ran it noted when it was cancelled."""
    notes: list[str] = getattr(error.__cause__, "__notes__", [])
    return " ".join([f"No answer within {limit:g} s.", *notes])


def _private(call: ToolCall) -> ToolCall:
    """Return the call with arguments of its own, which a tool may change as it likes."""
    try:
        args = orjson.loads(orjson.dumps(call.args))
    except TypeError:  # what orjson refuses, such as an integer over 64 bits
        args = copy.deepcopy(dict(call.args))
    return ToolCall(call.name, args, call.id)
