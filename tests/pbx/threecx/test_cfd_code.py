"""The C# inside the Call Flow Designer project, run under Mono against the real daemon."""

import hashlib
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from pbx_adapters.pbx_scripts import Installation, render_scripts
from tests.e2e.daemon import Daemon
from tests.pbx.suites import require_suite
from tests.pbx.threecx.mono import run_in
from tests.pbx.threecx.site import DIGEST
from tests.pbx.treated import MESSAGE

pytestmark = pytest.mark.pbx

Run = Callable[..., str]
PROGRAM = """
using System;
using System.Collections.Generic;

public static class Code
{
%s
    public static void Main(string[] words)
    {
        var method = typeof(Code).GetMethod(words[0]);
        var values = new List<string>(words).GetRange(1, words.Length - 1).ToArray();
        Console.Write(method.Invoke(null, values));
    }
}
"""


def methods_of(flow: str) -> list[str]:
    """Return the C# of a flow's components as methods."""
    components = ET.fromstring(flow).iterfind(".//*[@MethodName]")  # noqa: S314 - our own file
    return [_method_of(component) for component in components]


def _method_of(component: ET.Element) -> str:
    listed = component.attrib["ParameterList"].partition("?>")[2]
    names = [name.text for name in ET.fromstring(listed).iter("Name")]  # noqa: S314 - our own file
    parameters = ", ".join(f"string {name}" for name in names)
    code = component.attrib["Code"]
    return f"public static object {component.attrib['MethodName']}({parameters})\n{{\n{code}\n}}\n"


@pytest.fixture
def place() -> Iterator[tuple[Path, Path]]:
    """Make a folder inside the suite; give the suite and the folder."""
    root = require_suite("bullseye")
    place = Path(mkdtemp(prefix="cfd-", dir=root / "tmp"))
    yield root, place
    shutil.rmtree(place)


@pytest.fixture
def run(place: tuple[Path, Path], daemon: Daemon, request: pytest.FixtureRequest) -> Run:
    """Compile the code of a project that asks the daemon; return what runs a method of it."""
    root, folder = place
    inside = Path("/") / folder.relative_to(root)
    given = getattr(request, "param", {})
    made = Installation(f"http://127.0.0.1:{daemon.port}", token=daemon.token, **given)
    flow = render_scripts("3cx", made)["cfd/Main.flow"]
    (folder / "code.cs").write_text(PROGRAM % "\n".join(methods_of(flow)))
    run_in(
        root,
        *("mcs", "-langversion:7", "-warn:4", "-warnaserror", "-r:System.Net.Http.dll"),
        *(f"-out:{inside}/code.exe", f"{inside}/code.cs"),
    )
    return lambda *words: run_in(root, "mono", f"{inside}/code.exe", *words)


def test_what_is_asked_is_a_query(run: Run, daemon: Daemon) -> None:
    """The daemon understands it, whatever characters the trunk sends."""
    query = run("BuildQuery", "+31850000002", "+31 6&é", "17")
    assert query == "did=%2B31850000002&cli=%2B31%206%26%C3%A9&callid=17"
    fields = daemon.ask("GET", f"/hook/3cx?{query}").fields
    assert (fields["action"], fields["forward"]) == ("forward", "+31612345678")


@pytest.mark.parametrize(
    ("run", "query"),
    [
        ({"schedule": "forwarded"}, "schedule=forwarded&cli=06&callid=1"),
        ({"number": "+31850000002"}, "did=%2B31850000002&cli=06&callid=1"),
    ],
    indirect=["run"],
)
def test_what_is_asked_may_be_fixed(run: Run, query: str) -> None:
    """Then it doesn't matter what number was called."""
    assert run("BuildQuery", "0850000000", "06", "1") == query


@pytest.mark.parametrize(
    ("status", "action", "forward", "checked"),
    [
        ("closed", "forward", "+31612345678", "forward"),
        ("closed", "forward", "0612345678", "continue"),
        ("closed", "forward", "+31612345678\n", "continue"),
        ("closed", "hangup", "", "hangup"),
        ("open", "continue", "", "continue"),
        ("unknown", "continue", "", "continue"),
        ("ajar", "hangup", "", "continue"),
        ("", "", "", "continue"),
    ],
)
def test_only_what_is_known_is_done(
    run: Run, status: str, action: str, forward: str, checked: str
) -> None:
    """Anything else takes the normal route."""
    assert run("CheckAnswer", status, action, forward) == checked


def test_a_forward_is_dialled(run: Run) -> None:
    """As the installation's prefix says."""
    assert run("DialNumber", "+31612345678") == "+31612345678"


def test_a_message_is_downloaded_once(run: Run, place: tuple[Path, Path]) -> None:
    """And played from then on, also when the daemon has lost it."""
    root, folder = place
    inside = str(Path("/") / folder.relative_to(root))
    other = b"RIFF" + bytes(60)
    digest = hashlib.sha256(other).hexdigest()
    assert run("FetchMessage", inside, f"{DIGEST}.wav") == "True"
    assert (folder / f"{DIGEST}.wav").read_bytes() == MESSAGE
    assert run("FetchMessage", inside, f"{digest}.wav") == "False"
    (folder / f"{digest}.wav").write_bytes(other)
    assert run("FetchMessage", inside, f"{digest}.wav") == "True"
    assert run("FetchMessage", inside, "../code.exe") == "False"
    assert {path.suffix for path in folder.iterdir()} == {".cs", ".exe", ".wav"}
