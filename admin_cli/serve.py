"""`bereikbaar serve`: the daemon."""

import click

from admin_cli.invocation import Invocation
from admin_cli.lazy import Command, pass_invocation
from pbx_adapters.config import load_config
from pbx_adapters.daemon import main as run_daemon
from pbx_adapters.listening import ListenError
from schedules.errors import BereikbaarError


@click.command(cls=Command, epilog="bereikbaar serve --listen 127.0.0.1:8470")
@click.option("--listen", metavar="HOST:PORT", help="Where to listen; else as configured.")
@click.option("--workers", metavar="N", help="How many processes answer; else as configured.")
@pass_invocation
def serve(invocation: Invocation, *, listen: str | None, workers: str | None) -> None:
    """Answer PBXs over HTTP until stopped by SIGTERM or Ctrl-C."""
    chosen = {"data_dir": invocation.chosen_data_dir, "listen": listen, "workers": workers}
    config = load_config(invocation.config_file, chosen)
    try:
        run_daemon(config)
    except ListenError as error:
        raise BereikbaarError(str(error)) from error
