"""Every command, its arguments and what `--help` says of them; the work is in its own file.

click and not typer: typer 0.29 parses each parameter through pydantic, 75 ms of CPU at every start.
"""

from __future__ import annotations

import click

from agentbox.core.version import VERSION

_HELP = {"help_option_names": ["-h", "--help"]}
_as_json = click.option("--json", "as_json", is_flag=True, help="Print data as JSON on stdout.")
_runs = click.option(
    "--runs", default="", metavar="DIR", help="Where runs are kept, if not in .agentbox/runs."
)
_live = click.option("--live", is_flag=True, help="Allow the network and the real time.")
_paths = click.argument("paths", nargs=-1, metavar="[FILE | FOLDER | FILE::CASE]...")


@click.group(context_settings=_HELP)
@click.version_option(VERSION, prog_name="agentbox", message="%(prog)s %(version)s")
def app() -> None:
    """The flight recorder and crash-test lab for agents that use tools."""


@app.command()
@_paths
@click.option("-k", "keywords", default="", metavar="EXPR", help="Cases whose address fits.")
@click.option(
    "--tag", "tags", multiple=True, help="Cases with this tag; repeat for any of several."
)
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Cases at a time.")
@click.option("-x", "--exitfirst", "stop_early", is_flag=True, help="Stop at the first red case.")
@click.option("--last-failed", "--lf", is_flag=True, help="Only what was not green last time.")
@click.option("--now", default="", metavar="TIME", help="Pin another time (RFC 3339).")
@click.option("--seed", type=int, help="Use another seed.")
@_live
@_runs
@_as_json
def run(  # noqa: PLR0913 - a command's options are its arguments
    *,
    paths: tuple[str, ...],
    keywords: str,
    tags: tuple[str, ...],
    jobs: int | None,
    stop_early: bool,
    last_failed: bool,
    now: str,
    seed: int | None,
    live: bool,
    runs: str,
    as_json: bool,
) -> int:
    """Play scenarios, judge them, and keep a trace of each. Default: the folder scenarios."""
    from agentbox.cli.run import Wanted, run_scenarios  # noqa: PLC0415 - on demand
    from agentbox.session import Selection  # noqa: PLC0415 - on demand

    selection = Selection(keywords, tags, None, now, seed)
    return run_scenarios(
        Wanted(list(paths), selection, jobs, stop_early, last_failed, live, runs, as_json)
    )


@app.command()
@_paths
@_as_json
def check(*, paths: tuple[str, ...], as_json: bool) -> int:
    """Say what is wrong with scenario files.

    They are read and what they name is loaded; nothing runs.
    """
    from agentbox.cli.run import check_scenarios  # noqa: PLC0415 - on demand

    return check_scenarios(list(paths), as_json=as_json)


@app.command()
@click.argument("trace", default="last", metavar="[TRACE | RUN | last | RUN::CASE]")
@click.option("--step", default="", metavar="STEP", help="One step in full: t1/s2.")
@click.option(
    "--ctx", "context", default="", metavar="STEP", help="A step's prompt, segment by segment."
)
@click.option(
    "--why", "value", default="", metavar="VALUE", help="Where a value came from, and who said it."
)
@click.option("--errors", is_flag=True, help="Everything that went wrong, in order.")
@click.option("--canonical", is_flag=True, help="The canonical form: what two runs share.")
@_runs
@_as_json
def show(  # noqa: PLR0913 - a command's options are its arguments
    *,
    trace: str,
    step: str,
    context: str,
    value: str,
    errors: bool,
    canonical: bool,
    runs: str,
    as_json: bool,
) -> int:
    """Show a trace: turns, steps, calls, and what the model was told."""
    from agentbox.cli.show import View, show_trace  # noqa: PLC0415 - on demand

    views = [
        View("step", step),
        View("ctx", context),
        View("why", value),
        View("errors", "all" if errors else ""),
        View("canonical", "all" if canonical else ""),
    ]
    wanted = [view for view in views if view.of]
    if len(wanted) > 1:
        names = " or ".join(f"--{view.name}" for view in wanted)
        raise click.UsageError(f"one at a time: {names}")
    return show_trace(trace, wanted[0] if wanted else View(), runs, as_json=as_json)


@app.command()
@click.argument("one", metavar="A")
@click.argument("other", metavar="B")
@click.option("--all", "everything", is_flag=True, help="What follows from a difference, too.")
@_runs
@_as_json
def diff(*, one: str, other: str, everything: bool, runs: str, as_json: bool) -> int:
    """Say what differs between two traces or two runs: what first, and what follows from it.

    A and B are named as for `show`. Exit 0: nothing differs; 1: something does.
    """
    from agentbox.cli.diff import diff as diff_them  # noqa: PLC0415 - on demand

    return diff_them(one, other, runs, everything=everything, as_json=as_json)


@app.command()
@click.argument("trace", default="last", metavar="[TRACE | RUN | last | RUN::CASE]")
@click.option("-o", "output", default="", metavar="FILE", help="Write it here; - is stdout.")
@click.option(
    "--against", default="", metavar="TRACE", help="Show another trace beside it, and what differs."
)
@_runs
def view(*, trace: str, against: str, output: str, runs: str) -> int:
    """Write a page that shows a trace, or all of a run's, in a browser.

    It is one file that opens without a server and asks nothing of the network; it is put beside the
    trace, and its path is printed.
    """
    from agentbox.cli.view import view_traces  # noqa: PLC0415 - on demand

    return view_traces(trace, against, output, runs)


@app.command()
@click.argument("run", default="last", metavar="[RUN | last | RUN::CASE | TRACE]")
@click.option(
    "--scenario", default="", metavar="FILE", help="Take the checks from this file instead."
)
@_runs
@_as_json
def judge(*, run: str, scenario: str, runs: str, as_json: bool) -> int:
    """Judge a finished run again, under the checks its scenario has now; nothing is played."""
    from agentbox.cli.judge import judge_runs  # noqa: PLC0415 - on demand

    return judge_runs(run, scenario, runs, as_json=as_json)


@app.command()
@click.argument("trace", default="last", metavar="[TRACE | RUN | last | RUN::CASE]")
@click.option(
    "--scenario", default="", metavar="FILE", help="Play the case as this file has it now."
)
@click.option(
    "--live",
    type=click.Choice(["model", "tools"]),
    help="A real model in the taped world, or real tools for the taped model.",
)
@click.option(
    "--drift",
    multiple=True,
    metavar="GLOB",
    help="Ask these tools again, on fresh servers, and compare what they give.",
)
@_runs
@_as_json
def replay(
    *,
    trace: str,
    scenario: str,
    live: str | None,
    drift: tuple[str, ...],
    runs: str,
    as_json: bool,
) -> int:
    """Play a trace again, its tape answering, and compare; exit 4 where it diverges.

    The scenario is the one in the trace. Nothing is started and nobody is asked.
    """
    from agentbox.cli.replay import Wanted, replay_traces  # noqa: PLC0415 - on demand

    return replay_traces(Wanted(trace, scenario, live or "", drift, runs, as_json))


@app.command()
@click.argument("trace", default="last", metavar="[TRACE | last | RUN::CASE]")
@click.option("--at", default="", metavar="POSITION", help="Where: a model or tool call, t1/s2.")
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="PATH=VALUE",
    help="What to change: context.now=2026-03-20, result.text=..., model.function=..., ...",
)
@click.option(
    "--then",
    type=click.Choice(["mock", "live", "tape"]),
    default="mock",
    show_default=True,
    help="Who answers after the fork.",
)
@_runs
@_as_json
def fork(
    *, trace: str, at: str, changes: tuple[str, ...], then: str, runs: str, as_json: bool
) -> int:
    """Go back to a place of a trace, change something, and play on from there.

    The tape answers as long as all is asked as it was; its calls are made again on fresh servers.
    """
    from agentbox.cli.fork import fork_trace  # noqa: PLC0415 - on demand

    return fork_trace(trace, at, changes, then, runs, as_json=as_json)


@app.command()
@click.argument("trace", default="last", metavar="[TRACE | RUN | last | RUN::CASE]")
@click.option(
    "-o", "--output", required=True, metavar="FILE", help="Where to write it; `-` is stdout."
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@_runs
@_as_json
def capture(*, trace: str, output: str, force: bool, runs: str, as_json: bool) -> int:
    """Write a scenario that comes to what a trace came to: no server, no model, no network.

    It is played once before it is called done; exit 1 where it comes to something else.
    """
    from agentbox.cli.capture import capture_trace  # noqa: PLC0415 - on demand

    return capture_trace(trace, output, runs, force=force, as_json=as_json)


@app.command()
@click.argument("paths", nargs=-1, metavar="[FILE | FOLDER | RUN | last | RUN::CASE]...")
@click.option(
    "--secret",
    "secrets",
    multiple=True,
    metavar="NAME",
    help="A variable whose value is looked for, whatever its name; repeat for several.",
)
@_runs
@_as_json
def scan(*, paths: tuple[str, ...], secrets: tuple[str, ...], runs: str, as_json: bool) -> int:
    """Look for secrets that are left in traces or any files; exit 1 where there are. Default: last.

    Looked for are values of variables that look secret (KEY, TOKEN, PASSWORD, ...) in the
    environment and .env, those that a trace's scenario names, known kinds of keys and tokens, and
    random text where a secret belongs. None is ever printed.
    """
    from agentbox.cli.scan import scan_paths  # noqa: PLC0415 - on demand

    return scan_paths(paths or ("last",), secrets, runs, as_json=as_json)


@app.command()
@click.option("--reference", is_flag=True, help="Every key as tables in Markdown instead.")
def schema(*, reference: bool) -> int:
    """Print the JSON Schema of a scenario file."""
    from agentbox.cli.output import print_json  # noqa: PLC0415 - on demand
    from agentbox.session import KINDS  # noqa: PLC0415 - on demand
    from agentbox.spec import scenario_schema  # noqa: PLC0415 - on demand
    from agentbox.spec.reference import reference_text  # noqa: PLC0415 - on demand

    if reference:
        click.echo(reference_text(KINDS), nl=False)
        return 0
    print_json(scenario_schema(KINDS))
    return 0


@app.command()
@click.option("--keep", type=click.IntRange(min=0), default=20, show_default=True, metavar="N")
@_runs
@_as_json
def clean(*, keep: int, runs: str, as_json: bool) -> int:
    """Remove old runs, the newest N kept."""
    from agentbox.cli.show import clean_runs  # noqa: PLC0415 - on demand

    return clean_runs(keep, runs, as_json=as_json)


@app.group()
def tools() -> None:
    """List a scenario's tools, or call one."""


@tools.command("list")
@click.argument("scenario", metavar="FILE[::CASE]")
@_live
@_as_json
def tools_list(*, scenario: str, live: bool, as_json: bool) -> int:
    """Start a scenario's servers and list its tools, as a case offers them, and to whom."""
    from agentbox.cli.tools import list_them  # noqa: PLC0415 - on demand

    return list_them(scenario, live=live, as_json=as_json)


@tools.command("call")
@click.argument("scenario", metavar="FILE[::CASE]")
@click.argument("tool")
@click.argument("arguments", nargs=-1, metavar="[KEY=VALUE | JSON]...")
@_live
@_as_json
def tools_call(
    *, scenario: str, tool: str, arguments: tuple[str, ...], live: bool, as_json: bool
) -> int:
    """Call one tool, by its full name, as the agent would.

    A value is JSON where it can be read as JSON, else text. Exit 1: the call did not end ok.
    """
    from agentbox.cli.tools import call_it  # noqa: PLC0415 - on demand

    return call_it(scenario, tool, arguments, live=live, as_json=as_json)
