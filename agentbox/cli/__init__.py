"""The command line: parse, call, print. No logic lives here."""

from __future__ import annotations

import os
import sys

from agentbox.core.errors import AgentboxError, AuthorError


def main() -> None:
    """Run `agentbox` and exit with its code."""
    code = run_command()
    # What is left at exit are daemon threads of tools that were given up on, and modules; neither
    # needs the interpreter's slow goodbye.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def run_command(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code."""
    from agentbox.cli.app import app  # noqa: PLC0415 - what a command needs, it imports

    try:
        app(args=arguments, prog_name="agentbox", standalone_mode=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    except AgentboxError as error:
        from agentbox.cli.output import complain  # noqa: PLC0415 - as above

        complain(error)
        return 2 if isinstance(error, AuthorError) else 3
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return 0
