"""What must hold of a case beyond the types of its keys."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agentbox.spec.nodes import Node
from agentbox.spec.rules import Ground, obey_model, provider_of

_REPLIES = ("say", "call", "calls")
_NEVER = {
    ("refuse", "call"): "a refusal calls nothing",
    ("refuse", "calls"): "a refusal calls nothing",
    ("malformed", "args"): "the arguments are the one or the other",
}
"""Keys that do not stand beside each other, and why."""


def obey_case(case: Node, whole: Node, ground: Ground) -> None:
    """Check a case; `whole` is its file with the case laid over it."""
    _who_speaks(case, ground)
    _user(case, whole, ground)
    _repeat(case, ground)
    provider = provider_of(whole.get("model"), ground)
    for turn in _items(case, "turns"):
        _turn(turn, ground, provider)
    for call in _items(case, "setup"):
        _apart(call, ground)
    for answer in _items(case, "answers"):
        _answer(answer, ground)
    _approvals(case, whole, ground)
    for past in _items(case, "history"):
        _one_of(past, ("user", "say", "call"), "a past message", ground)


def _answer(answer: Node, ground: Ground) -> None:
    _regex(answer.get("asked"), "asked", ground)
    action = answer.string("action")
    if action in ("decline", "cancel") and "give" in answer.entries:
        note = f"`action: {action}` sends nothing"
        mark = answer.entries["give"].key.mark
        ground.problems.add(mark, f"`give` stands beside `action: {action}`", note=note)


def _approvals(case: Node, whole: Node, ground: Ground) -> None:
    """Check that somebody decides where a decision is asked for, and nobody where none is."""
    given = case.get("approvals")
    approve = whole.get("agent", "plan", "approve")
    asks = bool(approve and approve.value is True)
    loop = whole.string("agent", "loop")
    missing = ground.problems.missing
    if asks and not given and loop == "plan_execute" and missing("approvals"):
        note = "write `approvals: [true]`, or rules: `[{asked: REGEX, yes: false, why: ...}, true]`"
        ground.problems.add(case.mark, "nobody approves the plan of this case", note=note)
    known = not loop or loop in ground.kinds.loops
    if given and not asks and known and missing("agent", "plan", "approve"):
        mark = case.entries["approvals"].key.mark
        note = "write `agent: {loop: plan_execute, plan: {approve: true}}`"
        ground.problems.add(mark, "nothing asks for `approvals` here", note=note)
    for each in _items(case, "approvals"):
        _regex(each.get("asked"), "asked", ground)


def _repeat(case: Node, ground: Ground) -> None:
    repeat = case.get("repeat")
    runs, require = (repeat.get(key) if repeat else None for key in ("runs", "require"))
    if not (require and require.kind == "int" and isinstance(require.value, int)):
        return
    most = runs.value if runs and isinstance(runs.value, int) else 1
    if require.value > most:
        times = "once" if most == 1 else f"{most} times"
        message = f"`require` is {require.value}, and the case is played {times}"
        note = "it could never pass: raise `runs`, or require less"
        ground.problems.add(require.mark, message, note=note)


def _who_speaks(case: Node, ground: Ground) -> None:
    turns, user = case.get("turns"), case.get("user")
    if turns is None and user is None and ground.problems.missing("turns", "user"):
        note = "give it `turns`, or a simulated `user`"
        ground.problems.add(case.mark, "nobody speaks in this case", note=note)
    elif turns is not None and user is not None:
        note = "a case has one or the other"
        ground.problems.add(
            case.entries["user"].key.mark, "`user` stands beside `turns`", note=note
        )


def _user(case: Node, whole: Node, ground: Ground) -> None:
    """Check a simulated user, and the two scripts that run over all turns beside one."""
    user = case.get("user")
    if user is None:
        if "script" in case.entries and ground.problems.missing("user"):
            mark = case.entries["script"].key.mark
            message = "`script` stands in a case without a simulated `user`"
            ground.problems.add(mark, message, note="each turn has its own: put it there")
        return
    model = user.get("model")
    if model:
        obey_model(model, whole, ground)
    _script(case, "this case", ground, provider_of(whole.get("model"), ground))
    if user.kind == "map":
        _script(user, "this user", ground, provider_of(model, ground))


def _turn(turn: Node, ground: Ground, provider: str) -> None:
    if "user" in turn.entries and "replies" in turn.entries:
        note = "a turn has one or the other"
        ground.problems.add(
            turn.entries["replies"].key.mark, "`replies` stands beside `user`", note=note
        )
    for reply in _items(turn, "replies"):
        _regex(reply.get("asked"), "asked", ground)
    _script(turn, "this turn", ground, provider)
    for call in _items(turn, "calls"):
        _apart(call, ground)


def _script(owner: Node, what: str, ground: Ground, provider: str) -> None:
    """Check the script of a turn, of a case with a simulated user, or of that user."""
    script = owner.get("script")
    if script and provider not in ("scripted", ""):
        note = "write `model: {provider: scripted}`, or leave the script out"
        mark = owner.entries["script"].key.mark
        ground.problems.add(mark, "`script` is for a model of the provider scripted", note=note)
    if provider == "scripted" and not script and ground.problems.missing("script"):
        note = "a scripted model needs one: `script: [{say: ...}]`"
        ground.problems.add(owner.mark, f"{what} has no `script`", note=note)
    for step in _items(owner, "script"):
        _step(step, ground)


def _step(step: Node, ground: Ground) -> None:
    given = [key for key in _REPLIES if key in step.entries]
    if not given and ground.problems.missing(*_REPLIES):
        note = "give it `say`, `call` or `calls`"
        ground.problems.add(step.mark, "this step replies nothing", note=note)
    if "call" in given and "calls" in given:
        mark = step.entries["calls"].key.mark
        ground.problems.add(mark, "`calls` stands beside `call`", note="put that one among them")
    if "args" in step.entries and "call" not in given and ground.problems.missing("call"):
        mark = step.entries["args"].key.mark
        ground.problems.add(mark, "`args` goes with `call` only")
    for each in (step, *_items(step, "calls")):
        _apart(each, ground)
    _tokens(step.get("tokens"), ground)
    _regex(step.get("when"), "when", ground)


def _apart(node: Node, ground: Ground) -> None:
    given = {key for key, entry in node.entries.items() if entry.value.value is not False}
    for (key, other), why in _NEVER.items():
        if {key, other} <= given:
            mark = node.entries[other].key.mark
            ground.problems.add(mark, f"`{other}` stands beside `{key}`", note=why)


def _tokens(tokens: Node | None, ground: Ground) -> None:
    if tokens is None or tokens.kind != "list" or not tokens.items:
        return
    whole = all(each.kind == "int" for each in tokens.items)
    if whole and len(tokens.items) != 2:  # noqa: PLR2004 - in and out
        ground.problems.add(tokens.mark, "`tokens` are two numbers", note="[in, out]")
    for each in tokens.items:
        if each.kind == "int" and each.text.startswith("-"):
            message = f"a number of tokens is at least 0, but it is {each.text}"
            ground.problems.add(each.mark, message)


def _one_of(node: Node, keys: tuple[str, ...], what: str, ground: Ground) -> None:
    given = [key for key in keys if key in node.entries]
    if not given and ground.problems.missing(*keys):
        ground.problems.add(
            node.mark, f"{what} says nothing", note=f"give one of: {', '.join(keys)}"
        )
    if "user" in given and len(given) > 1:
        mark = node.entries[given[1]].key.mark
        ground.problems.add(mark, f"`{given[1]}` stands beside `user`", note="one message each")


def _regex(node: Node | None, key: str, ground: Ground) -> None:
    if node is None or node.kind != "str":
        return
    try:
        re.compile(node.text)
    except (re.error, RecursionError, OverflowError) as error:
        ground.problems.add(node.mark, f"`{key}` is no regular expression: {error}")


def _items(node: Node, key: str) -> Iterator[Node]:
    found = node.get(key)
    return (item for item in (found.items if found else ()) if item.kind == "map")
