"""`bereikbaar serve`: the daemon."""

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from admin_cli.invocation import Invocation
from admin_cli.lazy import Command, pass_invocation
from pbx_adapters.config import Config, load_config
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
    run_daemon = import_daemon()
    try:
        run_daemon(config)
    except ListenError as error:
        raise BereikbaarError(str(error)) from error


def import_daemon() -> Callable[[Config], None]:
    """Return what runs the daemon, imported without work that no daemon needs."""
    # What modules hold stays for good: looking for garbage among it takes some 40 ms of the start.
    gc.disable()
    try:
        with _without_certificates():
            from pbx_adapters.daemon import main
        gc.freeze()
    finally:
        gc.enable()
    return main


@contextmanager
def _without_certificates() -> Iterator[None]:
    """Let nothing that is imported meanwhile read the certificates of the world's authorities.

    aiohttp does so for its client, a fifth of the work of all imports; the daemon is a server. What
    it sends itself, mail and webhooks, brings contexts of its own, made after this.
    """
    chosen = os.environ.get("SSL_CERT_FILE")
    os.environ["SSL_CERT_FILE"] = os.devnull
    try:
        yield
    finally:
        del os.environ["SSL_CERT_FILE"]
        if chosen is not None:
            os.environ["SSL_CERT_FILE"] = chosen
