"""Reads a project of 3CX's Call Flow Designer and tells what would fail a call, or the designer.

What is known of the format comes from projects that 3CX and others have published; that a project
has no faults here doesn't prove that the designer opens it.
"""

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_CLASSES: Final = (
    "{clr-namespace:TCX.CFD.Classes.Components;Assembly=3CX Call Flow Designer, Version=18.0.52.0, "
    "Culture=neutral, PublicKeyToken=7cb95a1a133e706e}"
)
_NAME: Final = "{http://schemas.microsoft.com/winfx/2006/xaml}Name"
_TYPE: Final = "{http://www.w3.org/2001/XMLSchema-instance}type"
_FLOWS: Final = ("MainFlow", "ErrorHandlerFlow", "DisconnectHandlerFlow")
_ENDS: Final = {"TransferComponent", "DisconnectCallComponent"}
_BRANCHING: Final = "ConditionalComponent"
_BRANCH: Final = "ConditionalComponentBranch"
# Attributes that are expressions, by component; the first of each must not be empty.
_EXPRESSIONS: Final[dict[str, tuple[str, ...]]] = {
    "TransferComponent": ("Destination",),
    "WebServiceRestComponent": (
        *("URI", "Content", "AuthenticationUserName", "AuthenticationPassword"),
        *("AuthenticationApiKey", "AuthenticationOAuth2AccessToken"),
    ),
    "JsonXmlParserComponent": ("Input",),
    "TcxGetGlobalPropertyComponent": ("PropertyName",),
}
# What a component is read by, once it has run.
_OUTPUTS: Final = {
    "ExecuteCSharpCodeComponent": {"ReturnValue"},
    "WebServiceRestComponent": {"ResponseContent", "ResponseStatusCode"},
    "TcxGetGlobalPropertyComponent": {"PropertyValue"},
}
_KNOWN: Final = {
    *_EXPRESSIONS,
    *_OUTPUTS,
    *_ENDS,
    _BRANCHING,
    _BRANCH,
    "PromptPlaybackComponent",
}
_LISTS: Final = ("PromptList", "HeaderList", "ParameterList", "ResponseMappingsList")
_SESSION: Final = {"ani", "did", "dnis", "callid", "audioFolder"}
_TEXT: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_READ: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*\$?)\.([A-Za-z_][A-Za-z0-9_]*)")


@dataclass
class _Project:
    """What has been read of a project, and what is wrong with it."""

    folder: Path
    faults: list[str] = field(default_factory=list)
    names: dict[str, set[str]] = field(default_factory=dict)


def faults_of(folder: Path) -> list[str]:
    """Return what is wrong with the project in a folder, in words; nothing when it is right."""
    project = _Project(folder)
    files = sorted(folder.glob("*.cfdproj"))
    if len(files) != 1:
        return [f"{len(files)} project files"]
    root = _read_xml(project, files[0])
    if root is None:
        return project.faults
    if root.tag != "Graphical_Application_Designer_Project":
        project.faults.append(f"{root.tag} is no project")
    project.names["project$"] = _variables(root)
    flows = [file for file in root.iterfind("Files/File") if file.get("type") == "callflow"]
    if len(flows) != 1:
        project.faults.append(f"{len(flows)} call flows")
    for file in flows:
        _check_file(project, folder / file.get("path", ""))
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix != ".wav" and b"@@" in path.read_bytes():
            project.faults.append(f"{path.name} has a gap that isn't filled")
    return project.faults


def _read_xml(project: _Project, path: Path) -> ET.Element | None:
    if not path.is_file():
        project.faults.append(f"{path.name} is missing")
        return None
    try:
        return ET.fromstring(path.read_bytes())  # noqa: S314 - our own file
    except ET.ParseError as error:
        project.faults.append(f"{path.name} is no XML: {error}")
        return None


def _variables(root: ET.Element) -> set[str]:
    found = root.iterfind("Variables/ArrayOfVariable/Variable/Name")
    return {name.text or "" for name in found}


def _check_file(project: _Project, path: Path) -> None:
    """Check a call flow and all in it."""
    root = _read_xml(project, path)
    if root is None:
        return
    project.names["callflow$"] = _variables(root)
    project.names["session"] = _SESSION
    flows = {name: root.find(f"Flows/{name}/{_CLASSES}{name}") for name in _FLOWS}
    project.faults += [f"no {name}" for name, flow in flows.items() if flow is None]
    found = [flow for flow in flows.values() if flow is not None]
    components = [component for flow in found for component in _inside(flow)]
    for component in components:
        project.names[component.get(_NAME, "")] = _OUTPUTS.get(_kind(component), set())
    names = Counter(component.get(_NAME, "") for component in components)
    project.faults += [
        f"{name or 'no name'} stands there twice" for name in names if names[name] > 1
    ]
    for name in ("MainFlow", "ErrorHandlerFlow"):
        flow = flows[name]
        if flow is not None and not _is_ended(list(flow)):
            project.faults.append(f"{name} can come to its end: the caller would be cut off")
    for component in components:
        _check_component(project, component)


def _inside(element: ET.Element) -> Iterator[ET.Element]:
    for child in element:
        yield child
        yield from _inside(child)


def _kind(component: ET.Element) -> str:
    return component.tag.removeprefix(_CLASSES)


def _is_ended(components: list[ET.Element]) -> bool:
    """Tell whether every way through a row of components ends in a transfer or in hanging up."""
    return any(_kind(component) in _ENDS or _ends_all(component) for component in components)


def _ends_all(component: ET.Element) -> bool:
    """Tell whether no way leads past a choice: there is a branch for the rest, and each ends."""
    if _kind(component) != _BRANCHING:
        return False
    has_rest = any(branch.get("Condition") == "" for branch in component)
    return has_rest and all(_is_ended(list(branch)) for branch in component)


def _check_component(project: _Project, component: ET.Element) -> None:
    kind, name = _kind(component), component.get(_NAME, "")
    if kind not in _KNOWN:
        project.faults.append(f"{name}: no component {kind} is known")
    if component.get("DebugModeActive") != "False":
        project.faults.append(f"{name}: debug mode")
    needed, *others = _EXPRESSIONS.get(kind, ("",))
    if needed and component.get(needed, "") in {"", '""'}:
        project.faults.append(f"{name}: {needed} is empty")
    for attribute in (needed, *others):
        _check_expression(project, f"{name}.{attribute}", component.get(attribute, ""))
    if check := _CHECKS.get(kind):
        check(project, component)
    for attribute in _LISTS:
        if attribute in component.attrib:
            _check_list(project, f"{name}.{attribute}", component.attrib[attribute])


def _check_choice(project: _Project, component: ET.Element) -> None:
    if {_kind(child) for child in component} != {_BRANCH}:
        name = component.get(_NAME, "")
        project.faults.append(f"{name}: a choice has branches and nothing else")


def _check_branch(project: _Project, component: ET.Element) -> None:
    name = component.get(_NAME, "")
    _check_expression(project, name, component.get("Condition", ""))
    if not len(component):
        project.faults.append(f"{name}: nothing happens in this branch")


def _check_request(project: _Project, component: ET.Element) -> None:
    name = component.get(_NAME, "")
    timeout = component.get("Timeout", "")
    if not timeout.isdecimal() or int(timeout) == 0:
        project.faults.append(f"{name}: time-out {timeout!r} waits for ever")
    if component.get("HttpRequestType") == "GET" and (
        component.get("Content") or component.get("ContentType")
    ):
        project.faults.append(f"{name}: a GET with content")
    if component.get("AuthenticationType") not in {"None", "BasicUserPassword"}:
        project.faults.append(f"{name}: an authentication that no published project shows")


def _check_code(project: _Project, component: ET.Element) -> None:
    name = component.get(_NAME, "")
    if not component.get("Code", "").strip():
        project.faults.append(f"{name}: no code")
    if not component.get("MethodName", "").isidentifier():
        project.faults.append(f"{name}: {component.get('MethodName')!r} can't be a method's name")


_CHECKS: Final[dict[str, Callable[[_Project, ET.Element], None]]] = {
    _BRANCHING: _check_choice,
    _BRANCH: _check_branch,
    "WebServiceRestComponent": _check_request,
    "ExecuteCSharpCodeComponent": _check_code,
}


def _check_list(project: _Project, where: str, text: str) -> None:
    """Check the XML that an attribute holds: prompts, parameters, headers or fields."""
    try:
        bare = text.removeprefix('<?xml version="1.0" encoding="utf-16"?>')
        root = ET.fromstring(bare)  # noqa: S314 - our own file
    except ET.ParseError as error:
        project.faults.append(f"{where} is no XML: {error}")
        return
    if where.endswith("PromptList") and not len(root):
        project.faults.append(f"{where} is empty")
    for prompt in root.iterfind("Prompt"):
        _check_prompt(project, where, prompt)
    for tag in ("ScriptParameter/Value", "Parameter/Value", "ResponseMapping/Variable"):
        for value in root.iterfind(tag):
            _check_expression(project, where, value.text or "")


def _check_prompt(project: _Project, where: str, prompt: ET.Element) -> None:
    file = prompt.findtext("AudioFileName", "")
    if prompt.get(_TYPE) == "DynamicAudioFilePrompt":
        _check_expression(project, where, file)
    elif prompt.get(_TYPE) != "AudioFilePrompt":
        project.faults.append(f"{where}: {prompt.get(_TYPE)} needs a service")
    elif not (project.folder / "Audio" / file).is_file():
        project.faults.append(f"{where}: Audio/{file} is missing")


def _check_expression(project: _Project, where: str, text: str) -> None:
    """Check that brackets match, and that all that is read has a value."""
    bare = _TEXT.sub("", text)
    if '"' in bare or bare.count("(") != bare.count(")"):
        project.faults.append(f"{where}: {text!r} doesn't end")
    for owner, value in _READ.findall(bare):
        if value not in project.names.get(owner, set()):
            project.faults.append(f"{where}: nothing sets {owner}.{value}")
