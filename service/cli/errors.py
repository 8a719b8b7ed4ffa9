"""In: an error that a command ends in. Out: one clear line on standard error and the exit status that goes with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from service.errors import ConfigurationError, DeskrouteError, RuleError


@contextmanager
def errors_reported() -> Iterator[None]:
    """Exit 2 for a wrong setting or rule, 1 for everything else that this service raises on purpose."""
    try:
        yield
    except RuleError as error:
        typer.echo(error, err=True)  # one `file:LINE: …` a line, as editors read them
        raise typer.Exit(2) from error
    except ConfigurationError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    except DeskrouteError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
