"""The kinds of events that format 1 has, and the fields of each: what a reader of traces knows.

A trace may hold more: a later agentbox wrote it, or a loop of somebody's own noted something. Such
events and fields are passed over, and a reader says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from agentbox.core.trace import EVENT_FIELDS, TraceEvent

_TABLE = """
approval            what detail yes why
blob                id data
budget.refused      limit
check.result        check outcome level claim message turn on
clock.read          iso zone block
context.full        window tokens
context.truncated   window tokens left cut how log
finding             server tool code message
fork                free class
injection           text
mcp.frame           server dir frame
model.request       n new prompt tools slots output aside log
model.result        model text calls parts usage stop error status retry_after
observe.request     look
observe.result      look value error
plan.made           steps
plan.revised        because steps kept added dropped
plan.step           id goal evidence status finding
run.end             outcome end problems
run.ready           tools left_out specs
run.start           format agentbox scenario case now zone seed code parent fork
scope.enter         scope limits
scope.leave         end
seal                digest events
server.died         server exit
server.log          server data level logger message progress total
server.progress     server data level logger message progress total
server.ready        server era protocol name version tools tools_hash
server.request      server method params
server.result       server result declined
server.start        server transport era sandbox command url memory
server.stop         server
tool.request        tool args malformed
tool.result         status text source structured parts meta
tool.truncated      tool bytes shown whole
tools.changed       server added removed changed tools_hash
user.request
user.result         text
"""

FIELDS: Mapping[str, frozenset[str]] = {
    kind: frozenset(fields) | EVENT_FIELDS
    for kind, *fields in map(str.split, _TABLE.strip().splitlines())
}
"""By kind, the fields that an event of it may have."""


def unknown(events: Iterable[TraceEvent]) -> list[str]:
    """Say which kinds of events and which fields there are that this agentbox does not know."""
    kinds: Counter[str] = Counter()
    fields: Counter[str] = Counter()
    for event in events:
        known = FIELDS.get(event.kind)
        if known is None:
            kinds[event.kind] += 1
        elif not known >= event.data.keys():
            fields.update(f"{event.kind} {name}" for name in event.data.keys() - known)
    return [*_told("event", "a kind", "kinds", kinds), *_told("field", "a name", "names", fields)]


def _told(noun: str, one: str, many: str, found: Counter[str]) -> Iterable[str]:
    if found:
        number, names = found.total(), ", ".join(sorted(found))
        things = f"{number} {noun}{'s' * (number != 1)}"
        yield f"{things} of {many if len(found) > 1 else one} this agentbox does not know: {names}"
