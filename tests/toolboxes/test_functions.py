from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from datetime import date

import pytest
from stage import staged

from agentbox import Clock, ToolCall, ToolResult, call, say
from agentbox.core.errors import AuthorError
from agentbox.core.runtime import CallContext
from agentbox.core.scenario import Deadlines
from agentbox.toolboxes import FunctionToolbox, Merged
from agentbox.toolboxes.functions import FunctionDefinition, functions_of

CONTEXT = CallContext("c:a/t1/s1/call1", Clock.at("2026-03-20T14:30:00Z"))


def _ask(tool: str, **args):
    """A model that calls one tool and repeats its answer."""

    def model(messages, tools):
        return say(messages[-1].text) if messages[-1].role == "tool" else call(tool, **args)

    return model


def _result(function, *, deadlines=None, **args):
    box = FunctionToolbox({function.__name__: function})
    stage = staged(_ask(function.__name__, **args), box, deadlines=deadlines)
    assert stage.error is None
    (event,) = stage.events("tool.result")
    return event.data


def test_sync_and_async_functions_are_tools_alike() -> None:
    def add(a: int, b: int) -> int:
        return a + b

    async def join(a: str, b: str) -> str:
        await asyncio.sleep(0)
        return a + b

    assert _result(add, a=1, b=2)["text"] == "3"
    assert _result(join, a="x", b="y")["text"] == "xy"


def test_a_sync_function_runs_on_a_thread_of_its_own_and_threads_are_reused() -> None:
    seen = []

    def which() -> str:
        seen.append(threading.get_ident())
        return "x"

    _result(which)
    _result(which)
    assert threading.get_ident() not in seen
    assert len(set(seen)) == 1


def test_sync_functions_of_one_batch_run_at_once() -> None:
    from agentbox import Message, ToolCall  # noqa: PLC0415 - beside its one use

    barrier = threading.Barrier(3, timeout=20)

    def meet() -> str:
        barrier.wait()
        return "met"

    def model(messages, tools):
        if messages[-1].role == "tool":
            return say("done")
        return Message("assistant", calls=(ToolCall("meet"),) * 3)

    stage = staged(model, FunctionToolbox({"meet": meet}))
    assert [event.data["text"] for event in stage.events("tool.result")] == ["met"] * 3


def test_what_a_function_raises_is_a_result_and_the_loop_goes_on() -> None:
    def broken(key: str) -> str:
        raise KeyError(key)

    def leaves() -> str:
        sys.exit(3)

    async def leaves_later() -> str:
        sys.exit(3)

    async def cancels() -> str:
        raise asyncio.CancelledError

    def late() -> str:
        raise TimeoutError

    assert _result(broken, key="k")["text"] == "KeyError: 'k'"
    assert _result(broken, key="k")["status"] == "failed"
    assert _result(leaves)["text"] == "RuntimeError: SystemExit: 3"
    assert _result(leaves_later)["text"] == "RuntimeError: SystemExit: 3"
    assert _result(cancels)["text"] == "The tool raised CancelledError."
    assert (_result(late)["status"], _result(late)["text"]) == ("failed", "TimeoutError")


def test_a_hung_sync_function_is_given_up_on_at_its_deadline() -> None:
    gate = threading.Event()

    def hang() -> str:
        gate.wait()
        return "too late"

    data = _result(hang, deadlines=Deadlines(call=0.05))
    gate.set()
    assert data["status"] == "timeout"
    assert data["text"] == (
        "No answer within 0.05 s. The function was given up on and may still be running."
    )


def test_a_function_that_hangs_for_ever_does_not_keep_the_process() -> None:
    program = (
        "import asyncio, threading\n"
        "from agentbox.toolboxes.threads import in_thread\n"
        "async def main():\n"
        "    try:\n"
        "        async with asyncio.timeout(0.05):\n"
        "            await in_thread(threading.Event().wait)\n"
        "    except TimeoutError:\n"
        "        print('given up')\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout) == (0, "given up\n")


def test_the_clock_is_the_runs_own() -> None:
    def today(clock: Clock) -> str:
        """Say what day it is."""
        return clock.today()

    assert _result(today)["text"] == "2026-03-20"


def test_an_object_is_structured_and_checked_against_its_own_schema() -> None:
    def count(n: int) -> dict[str, int]:
        return {"total": n}

    def lies() -> dict[str, int]:
        return {"total": "many"}  # type: ignore[dict-item]

    assert _result(count, n=2)["structured"] == {"total": 2}
    assert _result(lies)["status"] == "failed"


def test_all_that_cannot_be_tools_are_named_at_once() -> None:
    def one(a): ...
    def two(*b: int): ...

    with pytest.raises(AuthorError) as caught:
        FunctionToolbox({"one": one, "two": two}, "tools/bad.py")
    assert [problem.message for problem in caught.value.problems] == [
        "`one` in tools/bad.py cannot be a tool: parameter `a` has no type",
        "`two` in tools/bad.py cannot be a tool: parameter `b` cannot be given by name",
    ]


def test_only_a_modules_own_public_functions_are_tools() -> None:
    import types  # noqa: PLC0415 - beside its one use

    module = types.ModuleType("mine")
    exec("from json import dumps\ndef a(): ...\ndef _b(): ...\nC = 1", vars(module))  # noqa: S102 - a module made here
    assert list(functions_of(module)) == ["a"]


def test_names_are_prefixed_by_key_and_clashes_are_found_at_start() -> None:
    def look() -> str:
        return "plain"

    def keyed() -> str:
        return "keyed"

    box = FunctionToolbox({"look": look})
    merged = Merged([box], {"kb": FunctionToolbox({"look": keyed})})
    assert [spec.name for spec in merged.specs()] == ["look", "kb.look"]
    stage = staged(_ask("kb.look"), merged)
    assert stage.events("tool.result")[0].data["text"] == "keyed"
    with pytest.raises(AuthorError, match="two tools are named `look`"):
        Merged([box, box])


def test_a_separator_inside_a_name_is_an_error_at_start() -> None:
    def plain() -> str:
        return ""

    with pytest.raises(AuthorError, match=r"has a `\.` in its name"):
        Merged(keyed={"kb": FunctionToolbox({"a.b": plain})})


def test_a_tool_that_is_not_there_is_answered_with_the_nearest_name() -> None:
    def get_account() -> str:
        return ""

    merged = Merged(keyed={"accounts": FunctionToolbox({"get_account": get_account})})
    stage = staged(_ask("accounts.get_acount"), merged)
    (result,) = stage.events("tool.result")
    assert (result.data["status"], result.data["source"]) == ("failed", "protocol")
    assert "Did you mean `accounts.get_account`?" in result.data["text"]


def test_a_result_is_copied_when_it_is_given_whatever_it_holds() -> None:
    kept: dict = {"day": date(2026, 3, 20), "many": [1]}

    def dated() -> dict:
        return kept

    result = asyncio.run(FunctionDefinition(dated).call(ToolCall("dated", {}), CONTEXT))
    kept["many"].append(2)
    assert result.structured == {"day": "2026-03-20", "many": [1]}


def test_an_integer_over_64_bits_is_a_result_like_any_other() -> None:
    def big() -> dict:
        return {"n": 10**30}

    assert _result(big)["structured"] == {"n": 10**30}
    result = asyncio.run(FunctionDefinition(big).call(ToolCall("big", {}), CONTEXT))
    assert result.structured == {"n": 10**30}


def test_a_function_may_make_its_result_itself() -> None:
    def find(query: str) -> ToolResult:
        return ToolResult("failed", f"no {query}", structured={"hits": []}, meta={"x/y": 1})

    told = _result(find, query="x")
    assert (told["status"], told["text"], told["meta"]) == ("failed", "no x", {"x/y": 1})
    assert told["structured"] == {"hits": []}
    assert FunctionToolbox({"find": find}).specs()[0].output_schema is None
    definition = FunctionDefinition.of(find)
    given = asyncio.run(definition.call(ToolCall("find", {"query": "x"}), CONTEXT))
    assert given.meta == {"x/y": 1}
