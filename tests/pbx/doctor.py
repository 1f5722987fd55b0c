"""`bereikbaar pbx doctor`, run in this process."""

import json
from typing import Any

from click.testing import CliRunner, Result

from admin_cli.main import bereikbaar
from tests.cli.command_line import CommandLine
from tests.pbx.shell import TOKEN


class Doctor(CommandLine):
    """Runs `pbx doctor` and returns what it found."""

    def find(self, url: str, *options: str, token: str = TOKEN) -> list[str]:
        """Return the codes of all findings; the exit code is checked."""
        told = self.tell(url, *options, token=token)
        return [one["code"] for one in told["findings"]]

    def tell(self, url: str, *options: str, token: str = TOKEN) -> dict[str, Any]:
        """Return all that is told; each finding has its sentence and its remedy."""
        command = ("pbx", "doctor", "--address", url, "--token", "-", "--requests", "2", *options)
        result = self._run(*command, "--json", stdin=token)
        told: dict[str, Any] = json.loads(result.stdout)
        codes = {one["severity"] for one in told["findings"]}
        assert result.exit_code == (3 if "error" in codes else 0)
        assert all(one["problem"] and one["remedy"] for one in told["findings"])
        assert token not in result.output
        return told

    def _run(self, *arguments: str, stdin: str) -> Result:
        return CliRunner().invoke(bereikbaar, arguments, input=stdin, catch_exceptions=False)
