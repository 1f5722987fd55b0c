"""The project for 3CX's Call Flow Designer, and that the checker would see it broken."""

from pathlib import Path

import pytest

from pbx_adapters.pbx_scripts import Installation, about_scripts, render_scripts
from tests.pbx.threecx.cfd_check import faults_of

INSTALLATION = Installation(
    base_url="https://pbx.example.nl/bereikbaar",
    token="bk_0123_secret-EN_1",
    number="+31850000000",
    default_route="800",
    settings={"mailbox": "100"},
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Write the project as it is installed; return its folder."""
    for name, text in render_scripts("3cx", INSTALLATION).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "cfd"


def test_the_project_is_sound(project: Path) -> None:
    """The checker finds nothing in what is installed."""
    assert faults_of(project) == []


def test_every_file_is_told_of() -> None:
    """Each file of the folder is one that is installed."""
    folder = Path("pbx_adapters/scripts/3cx")
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert files == {"about.toml", *about_scripts("3cx").files}


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        pytest.param('Timeout="2"', 'Timeout="0"', "waits for ever", id="no time-out"),
        pytest.param('Timeout="2"', "", "waits for ever", id="time-out left out"),
        pytest.param('ContentType=""', 'ContentType="text/plain"', "GET with content", id="get"),
        pytest.param("</File>", "", "no XML", id="cut off"),
        pytest.param("<ns0:MainFlow ", "<ns0:mainFlow ", "no XML", id="tags that differ"),
        pytest.param(
            "&lt;Prompt ", "&lt;Spoken ", "playMessage.PromptList is no XML", id="prompts"
        ),
        pytest.param(
            "&quot;DynamicAudioFilePrompt&quot;",
            "&quot;AudioFilePrompt&quot;",
            "Audio/callflow$.Audio is missing",
            id="a message that isn't there",
        ),
        pytest.param(
            "&quot;DynamicAudioFilePrompt&quot;",
            "&quot;TextToSpeechAudioPrompt&quot;",
            "needs a service",
            id="a spoken text",
        ),
        pytest.param(
            'Destination="project$.DefaultRoute"',
            'Destination=""',
            "transferToDefaultRoute: Destination is empty",
            id="no destination",
        ),
        pytest.param(
            'Destination="dialNumber.ReturnValue"',
            'Destination="dialNumber.Result"',
            "nothing sets dialNumber.Result",
            id="an output that there isn't",
        ),
        pytest.param(
            "callflow$.Forward", "callflow$.Target", "nothing sets callflow$.Target", id="variable"
        ),
        pytest.param(
            "session.did", "session.number", "nothing sets session.number", id="session variable"
        ),
        pytest.param(
            'x:Name="transferToOperator"',
            'x:Name="act"',
            "act stands there twice",
            id="a name used twice",
        ),
        pytest.param(
            "EQUAL(checkAnswer.ReturnValue,",
            "EQUAL((checkAnswer.ReturnValue,",
            "doesn't end",
            id="an expression that doesn't end",
        ),
        pytest.param(
            'MethodName="BuildQuery"', 'MethodName="Build query"', "method's name", id="method"
        ),
        pytest.param(
            "BasicUserPassword", "Magic", "no published project shows", id="authentication"
        ),
        pytest.param(
            '<ns0:DisconnectCallComponent Tag="" DebugModeActive="False" x:Name="hangUp" />',
            "",
            "hungUp: nothing happens",
            id="an empty branch",
        ),
        pytest.param(
            "ns0:DisconnectCallComponent", "ns0:HangUpComponent", "is known", id="component"
        ),
        pytest.param("bk_0123_secret-EN_1", "@@TOKEN@@", "a gap that isn't filled", id="gap"),
    ],
)
def test_a_broken_flow_is_refused(project: Path, before: str, after: str, fault: str) -> None:
    """Each way of breaking the flow is told as what it is."""
    flow = project / "Main.flow"
    text = flow.read_text()
    assert before in text
    flow.write_text(text.replace(before, after))
    assert fault in "\n".join(faults_of(project))


def test_an_empty_error_handler_is_refused(project: Path) -> None:
    """A flow that ends the call on any error is no flow of ours."""
    flow = project / "Main.flow"
    start, _, rest = flow.read_text().partition("<ns0:ErrorHandlerFlow ")
    opening, _, inside = rest.partition(">\n")
    _, _, end = inside.partition("</ns0:ErrorHandlerFlow>")
    flow.write_text(f"{start}<ns0:ErrorHandlerFlow {opening} />{end}")
    assert faults_of(project) == [
        "ErrorHandlerFlow can come to its end: the caller would be cut off"
    ]


@pytest.mark.parametrize("suffix", ["", "OnError"])
def test_a_flow_that_runs_out_is_refused(project: Path, suffix: str) -> None:
    """Each of the two flows must lead somewhere, whatever was chosen before."""
    flow = project / "Main.flow"
    lines = flow.read_text().splitlines(keepends=True)
    kept = [line for line in lines if f'x:Name="transferToOperator{suffix}"' not in line]
    assert len(kept) == len(lines) - 1
    flow.write_text("".join(kept))
    name = "ErrorHandlerFlow" if suffix else "MainFlow"
    assert faults_of(project) == [f"{name} can come to its end: the caller would be cut off"]


@pytest.mark.parametrize(
    ("file", "fault"),
    [("Main.flow", "Main.flow is missing"), ("Bereikbaar.cfdproj", "0 project files")],
)
def test_a_missing_file_is_told(project: Path, file: str, fault: str) -> None:
    """A project is whole or refused."""
    (project / file).unlink()
    assert faults_of(project) == [fault]


def test_a_flow_that_the_project_does_not_name_is_no_flow(project: Path) -> None:
    """The project file decides what is built."""
    path = project / "Bereikbaar.cfdproj"
    path.write_text(path.read_text().replace('path="Main.flow"', 'path="Other.flow"'))
    assert faults_of(project) == ["Other.flow is missing"]
