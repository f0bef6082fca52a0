"""The command line: parse, call, print. No logic lives here."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence


def main() -> None:
    """Run `agentbox` and exit with its code."""
    gc.disable()  # what is imported stays; looking through it for garbage is 7 % of a cold start
    code = run_command()
    gc.freeze()  # nor does the interpreter's goodbye need to look
    sys.exit(code)


def run_command(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:  # noqa: BLE001 - exit 1 would say that a check failed
        import traceback  # noqa: PLC0415 - only on an error

        traceback.print_exc()
        sys.stderr.write("agentbox: this is a bug in agentbox itself\n")
        return 3


def _run(arguments: Sequence[str] | None) -> int:
    import click  # noqa: PLC0415 - the command line's own

    from agentbox.cli.app import app  # noqa: PLC0415 - as above
    from agentbox.core.errors import (  # noqa: PLC0415 - as above
        AgentboxError,
        AuthorError,
        UnreadableTrace,
    )

    try:
        return app.main(args=arguments, prog_name="agentbox", standalone_mode=False) or 0
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return 2
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except AgentboxError as error:
        from agentbox.cli.output import complain  # noqa: PLC0415 - only on an error

        complain(error)
        return 2 if isinstance(error, (AuthorError, UnreadableTrace)) else 3
    except click.Abort:
        return 130
