"""Every command, its arguments and what `--help` says of them; the work is in its own file."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(
    help="The flight recorder and crash-test lab for agents that use tools.",
    no_args_is_help=True,
    rich_markup_mode=None,  # rich costs 45 ms
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
tools = typer.Typer(
    help="List a scenario's tools, or call one.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(tools, name="tools")

Json = Annotated[bool, typer.Option("--json", help="Print data as JSON on stdout.")]
RunsFolder = Annotated[
    str, typer.Option("--runs", metavar="DIR", help="Where runs are kept: .agentbox/runs.")
]
Live = Annotated[bool, typer.Option("--live", help="Allow the network and the real time.")]


def _version(wanted: bool) -> None:
    if wanted:
        from agentbox.core.version import VERSION  # noqa: PLC0415 - on demand

        typer.echo(f"agentbox {VERSION}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """Take what stands before a command."""


@app.command()
def run(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE | FOLDER | FILE::CASE]...", help="Default: scenarios."),
    ] = None,
    keywords: Annotated[
        str, typer.Option("-k", metavar="EXPR", help="Cases whose address fits: 'a and not b'.")
    ] = "",
    tag: Annotated[list[str] | None, typer.Option("--tag", help="Cases with any of these.")] = None,
    jobs: Annotated[
        int | None, typer.Option("-j", "--jobs", min=1, help="Cases at a time.")
    ] = None,
    stop_early: Annotated[
        bool, typer.Option("-x", "--exitfirst", help="Stop at the first that is not green.")
    ] = False,
    last_failed: Annotated[
        bool, typer.Option("--last-failed", "--lf", help="Only what was not green last time.")
    ] = False,
    now: Annotated[
        str, typer.Option("--now", metavar="TIME", help="Pin another time (RFC 3339).")
    ] = "",
    seed: Annotated[int | None, typer.Option("--seed", help="Use another seed.")] = None,
    live: Live = False,
    runs: RunsFolder = "",
    as_json: Json = False,
) -> None:
    """Play scenarios, judge them, and keep a trace of each."""
    from agentbox.cli.run import Wanted, run_scenarios  # noqa: PLC0415 - on demand
    from agentbox.session import Selection  # noqa: PLC0415 - on demand

    selection = Selection(keywords, tuple(tag or ()), None, now, seed)
    wanted = Wanted(paths or [], selection, jobs, stop_early, last_failed, live, runs, as_json)
    raise typer.Exit(run_scenarios(wanted))


@app.command()
def check(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE | FOLDER]...", help="Default: scenarios.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Read scenario files and say what is wrong with them; nothing runs."""
    from agentbox.cli.run import check_scenarios  # noqa: PLC0415 - on demand

    raise typer.Exit(check_scenarios(paths or [], as_json=as_json))


@app.command()
def show(
    trace: Annotated[
        str,
        typer.Argument(help="A trace file, a run's id, `last`, or RUN::CASE."),
    ] = "last",
    step: Annotated[
        str, typer.Option("--step", metavar="STEP", help="One step in full: t1/s2.")
    ] = "",
    canonical: Annotated[
        bool, typer.Option("--canonical", help="The canonical form: what two runs have in common.")
    ] = False,
    runs: RunsFolder = "",
    as_json: Json = False,
) -> None:
    """Show a trace: turns, steps, calls and what the model was told, step by step."""
    from agentbox.cli.show import show_trace  # noqa: PLC0415 - on demand

    raise typer.Exit(show_trace(trace, step, runs, canonical=canonical, as_json=as_json))


@app.command()
def schema() -> None:
    """Print the JSON Schema of a scenario file."""
    from agentbox.cli.output import print_json  # noqa: PLC0415 - on demand
    from agentbox.session import KINDS  # noqa: PLC0415 - on demand
    from agentbox.spec import scenario_schema  # noqa: PLC0415 - on demand

    print_json(scenario_schema(KINDS))


@app.command()
def clean(
    keep: Annotated[int, typer.Option("--keep", min=0, help="How many runs to keep.")] = 20,
    runs: RunsFolder = "",
    as_json: Json = False,
) -> None:
    """Remove old runs, newest kept."""
    from agentbox.cli.show import clean_runs  # noqa: PLC0415 - on demand

    raise typer.Exit(clean_runs(keep, runs, as_json=as_json))


@tools.command("list")
def tools_list(
    scenario: Annotated[str, typer.Argument(metavar="FILE[::CASE]")],
    live: Live = False,
    as_json: Json = False,
) -> None:
    """Start a scenario's servers and list the tools its agent is offered."""
    from agentbox.cli.tools import list_them  # noqa: PLC0415 - on demand

    raise typer.Exit(list_them(scenario, live=live, as_json=as_json))


@tools.command("call")
def tools_call(
    scenario: Annotated[str, typer.Argument(metavar="FILE[::CASE]")],
    tool: Annotated[str, typer.Argument(help="Its full name: accounts.get_account.")],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE | JSON]...", help="Values are JSON, or else text."),
    ] = None,
    live: Live = False,
    as_json: Json = False,
) -> None:
    """Call one tool as the agent would; exit 1 where the call does not end ok."""
    from agentbox.cli.tools import call_it  # noqa: PLC0415 - on demand

    raise typer.Exit(call_it(scenario, tool, arguments or [], live=live, as_json=as_json))
