"""Commands that take the shared options anywhere, and groups that import a command on use."""

from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from admin_cli.invocation import Invocation, tell
from admin_cli.refusals import TOLD_ERRORS, tell_error

_SHOWN: Final = 80


class LazyCommand(NamedTuple):
    """Where a command is found, and what `--help` says of it without importing it."""

    module: str
    attribute: str
    help: str


def note_option(ctx: click.Context, param: click.Parameter, value: object) -> None:
    """Keep an option on the invocation; the one nearest to the command wins."""
    invocation = ctx.ensure_object(Invocation)
    if value is not None:
        setattr(invocation, str(param.name), value)


_FLAG: Final[dict[str, Any]] = {"is_flag": True, "expose_value": False, "callback": note_option}


def _shared_options() -> list[click.Parameter]:
    keep: dict[str, Any] = {"expose_value": False, "callback": note_option, "default": None}
    path = click.Path(path_type=Path)
    return [
        click.Option(
            ["--data-dir", "chosen_data_dir"],
            type=path,
            help="Where schedules are kept; else BEREIKBAAR_DATA_DIR, the configuration, ./data.",
            **keep,
        ),
        click.Option(
            ["--config", "config_file"],
            type=path,
            help="The configuration (TOML); else BEREIKBAAR_CONFIG, ./bereikbaar.toml.",
            **keep,
        ),
        click.Option(
            ["--as", "chosen_author"],
            metavar="NAME",
            help="Who makes the change; else the login name.",
            **keep,
        ),
        click.Option(["--json", "is_json"], is_flag=True, help="Answer in JSON on stdout.", **keep),
    ]


class Command(click.Command):
    """A command that takes the shared options among its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += _shared_options()

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Show the example as it was written, line by line."""
        if self.epilog:
            formatter.write_paragraph()
            formatter.write_text("Example:")
            formatter.write_paragraph()
            for line in self.epilog.splitlines():
                formatter.write(f"  {line}\n")


class SaveCommand(Command):
    """A command that saves, unless it is a dry run."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        told = "Say what would change; save nothing."
        self.params.append(click.Option(["--dry-run", "is_dry_run"], help=told, **_FLAG))


class EditCommand(SaveCommand):
    """A command that saves schedules of which expectations may fail."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        told = "Save though a saved expectation no longer holds; the summary says so."
        name = ["--allow-failing-expectations", "may_fail"]
        self.params.append(click.Option(name, help=told, **_FLAG))


class LazyGroup(click.Group):
    """A group that imports the module of a command only when that command is used."""

    def __init__(self, *args: Any, lazy: dict[str, LazyCommand], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lazy = lazy
        self.params += _shared_options()

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """List the commands in the order of the table."""
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import a command."""
        place = self.lazy.get(cmd_name)
        if place is None:
            return None
        command = getattr(import_module(place.module), place.attribute)
        assert isinstance(command, click.Command)  # noqa: S101 - the table is ours
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; one that is misspelt is told with those that look like it."""
        name = args[0]
        if name not in self.lazy and not name.startswith("-"):
            close = get_close_matches(name, self.lazy, n=1)
            remedy = f"Did you mean {close[0]!r}?" if close else "See --help."
            ctx.fail(f"No such command {name!r}. {remedy}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Tell the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.help) for name, place in self.lazy.items()])


class RootGroup(LazyGroup):
    """The group at the root: whatever is refused below it is told here, without a traceback."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse what isn't text: it can stand in no history, and in no answer."""
        for arg in args:
            if not _is_text(arg):
                ctx.fail(f"{arg[:_SHOWN]!a} is not UTF-8; type it anew, or rename the file")
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's signature
        """Run the command; end with the exit code that belongs to its error."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # The reader went away; click ends quietly.
            raise
        except KeyboardInterrupt:
            if ctx.ensure_object(Invocation).has_saved:
                tell("interrupted, but the change is saved")
            raise
        except TOLD_ERRORS as error:
            ctx.exit(tell_error(error, is_json=ctx.ensure_object(Invocation).is_json))


def _is_text(arg: str) -> bool:
    """Tell whether every byte of an argument could be read; Python puts surrogates for others."""
    return not any("\ud800" <= char <= "\udfff" for char in arg)


pass_invocation: Final[Callable[..., Any]] = click.make_pass_decorator(Invocation, ensure=True)
