"""The `shoutbus` command: one subcommand per file of `component.cli`."""

import click

from component import __version__
from component.cli.check import check
from component.cli.demo import demo
from component.cli.logs import configure_logs
from component.cli.migrate import migrate
from component.cli.run import run


@click.group()
@click.version_option(__version__, prog_name="shoutbus")
def main() -> None:
    """Joins your team's rooms, shoutboxes and people on your own XMPP server."""
    configure_logs()


main.add_command(run)
main.add_command(check)
main.add_command(demo)
main.add_command(migrate)

if __name__ == "__main__":
    main()
