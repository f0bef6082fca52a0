"""What a server asks of its host in the middle of a call, and who answers it.

A form goes to the scenario's user, sampling to the agent's model where the server's entry allows
it, roots come from the entry. What nobody answers is declined. Requests and results are JSON as it
travels, in either era; each is recorded under the call that caused it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import TypeAlias, cast

from agentbox.core.errors import AgentboxError
from agentbox.core.messages import Json, Message, Transcript, is_list, is_object
from agentbox.core.requests import Ask, Elicit, Elicited, Failed, LimitReached, Reply, Request, Said
from agentbox.toolboxes.mcp.frames import Asked, Frame, Wire
from agentbox.toolboxes.mcp.plans import Plan, Site

ELICIT = "elicitation/create"
SAMPLE = "sampling/createMessage"
ROOTS = "roots/list"

_Answer: TypeAlias = Callable[[Asked], Awaitable[Frame]]
_STOPS: Mapping[str, str] = {"length": "maxTokens"}
"""How MCP calls a model's reason to stop, where that is no plain end."""


class Declined(Exception):
    """There is no answer; the message says why."""


class Answers:
    """Answers one server."""

    def __init__(self, plan: Plan, site: Site, wire: Wire) -> None:
        self._plan = plan
        self._site = site
        self._wire = wire
        answers: Mapping[str, tuple[bool, _Answer]] = {
            ELICIT: (site.forms, self._elicited),
            SAMPLE: (plan.server.sampling == "allow", self._sampled),
            ROOTS: (bool(plan.server.roots), self._rooted),
        }
        self._answers = {method: answer for method, (given, answer) in answers.items() if given}

    @property
    def methods(self) -> frozenset[str]:
        """What is answered here; a server is told of nothing else."""
        return frozenset(self._answers)

    async def answer(self, asked: Asked) -> Frame | None:
        """Return the result of what a server asks; None is a no. Either is recorded."""
        answer = self._answers.get(asked.method, _nobody)
        try:
            result = await answer(asked)
        except Declined as declined:
            self._wire.settle(asked, {"declined": str(declined)})
            return None
        except AgentboxError as error:  # it ends the case, once the call that waits for it is over
            asked.exchange.error = error
            self._wire.settle(asked, {"declined": str(error)})
            return None
        self._wire.settle(asked, {"result": self._told(asked, result)})
        return result

    def _told(self, asked: Asked, result: Frame) -> Frame:
        """Return a result as recorded: no path of this machine is in it."""
        return {"roots": list(self._plan.server.roots)} if asked.method == ROOTS else result

    async def _elicited(self, asked: Asked) -> Frame:
        match asked.params:
            case {"message": str(message), "requestedSchema": {**schema}}:
                form = Elicit(message, cast("Frame", schema))
            case _:  # an address to open, or something malformed: there is nobody to do that
                return {"action": "decline"}
        filled = await _asked_of_the_run(asked, form)
        if not isinstance(filled, Elicited):
            raise Declined("nobody fills in forms here")
        content = {"content": dict(filled.content)} if filled.action == "accept" else {}
        return {"action": filled.action, **content}

    async def _sampled(self, asked: Asked) -> Frame:
        log = Transcript(asked.at.partition("/")[2], list(_messages(asked.params)))
        said = await _asked_of_the_run(asked, Ask(log.view(), aside="sampling"))
        match said:
            case Said(stop="refusal" | "failed"):
                raise Declined(f"the model would not: {said.message.text or said.error}")
            case Said(message=message):
                return {
                    "role": "assistant",
                    "content": {"type": "text", "text": message.text},
                    "model": "agentbox",
                    "stopReason": _STOPS.get(said.stop, "endTurn"),
                }
            case LimitReached(name):
                raise Declined(f"the limit `{name}` is reached")
            case Failed(message=why):
                raise Declined(f"the model failed: {why}")
            case _:
                raise Declined("there is no model here")

    async def _rooted(self, _: Asked) -> Frame:
        root = self._site.root.resolve()
        return {
            "roots": [
                {"uri": (root / path).as_uri(), "name": path} for path in self._plan.server.roots
            ]
        }


async def _nobody(_: Asked) -> Frame:
    raise Declined("nobody answers that here")


async def _asked_of_the_run(asked: Asked, request: Request) -> Reply | None:
    """Send a request through the run's whole stack; None where no call makes the server ask."""
    reenter = asked.exchange.reenter
    return await reenter(asked.at, request) if reenter else None


def _messages(params: Json) -> Iterator[Message]:
    """Yield what a server wants a model to be shown."""
    given = params if is_object(params) else {}
    system = given.get("systemPrompt")
    if isinstance(system, str) and system:
        yield Message("system", system)
    messages = given.get("messages")
    for message in messages if is_list(messages) else ():
        if is_object(message):
            content: Json = message.get("content")
            blocks = [b for b in (content if is_list(content) else [content]) if is_object(b)]
            texts = [str(block.get("text", "")) for block in blocks if block.get("type") == "text"]
            parts = tuple(block for block in blocks if block.get("type") != "text")
            role = "assistant" if message.get("role") == "assistant" else "user"
            yield Message(role, "\n".join(texts), parts=parts)
