"""The days of the head office, as the command line tells them."""

from tests.cli.command_line import CommandLine

WORKDAY = ["00:00-08:30 closed voicemail", "08:30-17:00 open", "17:00-24:00 closed forward=storing"]


def exceptions(cli: CommandLine, schedule_id: str = "hoofdkantoor") -> dict[str, dict[str, object]]:
    """Return the exceptions of a schedule by id."""
    listed = cli.json("exception", "list", schedule_id)["exceptions"]
    return {one["id"]: one for one in listed}


def holidays(cli: CommandLine) -> dict[str, dict[str, object]]:
    """Return the holidays of the head office by id."""
    listed = cli.json("holiday", "list", "hoofdkantoor")["holidays"]
    return {one["id"]: one for one in listed}
