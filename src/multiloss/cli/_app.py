"""The commands, put together: a verb is one file and one line here."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

import typer

from ._compare import EXAMPLES as COMPARE_EXAMPLES
from ._compare import compare
from ._diagnose import EXAMPLES as DIAGNOSE_EXAMPLES
from ._diagnose import diagnose
from ._init import EXAMPLES as INIT_EXAMPLES
from ._init import init
from ._list import list_members
from ._mistakes import DONE, STOPPED, USER_MISTAKE, UserMistake, complain
from ._tune import EXAMPLES as TUNE_EXAMPLES
from ._tune import tune

app = typer.Typer(
    name="multiloss",
    help="Train Keras models that have more than one loss: look, compare, choose.",
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("compare", epilog=COMPARE_EXAMPLES)(compare)
app.command("diagnose", epilog=DIAGNOSE_EXAMPLES)(diagnose)
app.command("init", epilog=INIT_EXAMPLES)(init)
app.command("list")(list_members)
app.command("tune", epilog=TUNE_EXAMPLES)(tune)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"multiloss {version('multiloss')}")
        raise typer.Exit()


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
    ),
) -> None:
    """Train Keras models that have more than one loss: look, compare, choose."""


def run(arguments: Sequence[str]) -> int:
    """Runs the command line and gives its exit code; the user's mistakes end in one line on standard error."""
    try:
        return app(args=list(arguments) or ["--help"], prog_name="multiloss", standalone_mode=False) or DONE
    except UserMistake as mistake:
        complain(str(mistake))
    except (typer.Abort, KeyboardInterrupt):
        complain("stopped.")
        return STOPPED
    except Exception as error:
        # Wrong options and arguments: Typer carries its own copy of Click, whose exceptions have no public name.
        format_message = getattr(error, "format_message", None)
        if format_message is None:
            raise
        complain(f"{format_message().rstrip('.')}. See 'multiloss --help'.")
    return USER_MISTAKE
