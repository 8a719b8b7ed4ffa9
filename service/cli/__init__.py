"""In: the command line. Out: the `deskroute` command, one module a sub-command, and the exit status.

Settings come from flags, then `DESKROUTE_*` variables, then `deskroute.toml`. Exits 0 only on success, 2 on bad usage.
"""

from service.cli.app import main

__all__ = ["main"]
