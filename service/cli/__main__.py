"""In: `python -m service.cli`. Out: the same as the `deskroute` command."""

from service.cli.app import main

main()
