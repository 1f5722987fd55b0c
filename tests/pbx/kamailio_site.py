"""A real Kamailio on loopback, with the endpoints around it; callers and endpoints are `sipp`."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Final
from uuid import uuid4

from pbx_adapters.pbx_scripts import Installation, render_scripts
from tests.e2e.daemon import PATIENCE, wait_until
from tests.pbx.ports import free_ports, is_taken
from tests.pbx.shell import TOKEN

ENDPOINTS: Final = ("trunk", "office", "voicebox", "media", "closing")
CALLER: Final = "+31201234567"
# The media server is known by its address, so nobody else may be there.
MEDIA_ADDRESS: Final = "127.0.0.2"
_ADDRESS: Final = "127.0.0.1"
_RULE: Final = re.compile(r"^-{40,}.*$", re.MULTILINE)
_FINAL: Final = re.compile(r"^SIP/2\.0 ([2-6]\d\d) ")

_MAIN: Final = """#!KAMAILIO
debug=2
log_stderror=yes
children=4
listen=udp:127.0.0.1:{port}
mpath="{modules}"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "siputils.so"
loadmodule "textops.so"
modparam("tm", "fr_timer", 1000)
include_file "bereikbaar.cfg"

request_route {{
    if (is_method("CANCEL")) {{
        if (t_check_trans()) route(RELAY);
        exit;
    }}
    if (has_totag()) {{
        loose_route();
        route(RELAY);
    }}
    record_route();
    route(BEREIKBAAR);
    $du = "sip:127.0.0.1:{office}";
    route(RELAY);
}}

route[CLOSING] {{
    $du = "sip:127.0.0.1:{closing}";
    route(RELAY);
}}

route[RELAY] {{
    if (!t_relay()) sl_reply_error();
    exit;
}}
"""

_INVITE: Final = """INVITE sip:[service]@127.0.0.1:[remote_port] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=z9hG4bK-[call_id]
From: <sip:{caller}@127.0.0.1>;tag=1
To: <sip:[service]@127.0.0.1>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:caller@[local_ip]:[local_port]>
Max-Forwards: 70
{headers}Content-Length: 0
"""

_CALLER_STEPS: Final = """<?xml version="1.0" encoding="UTF-8" ?>
<scenario name="caller">
  <send><![CDATA[
{invite}
]]></send>
  <recv response="100"/>
  {again}
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="480" optional="true" next="1"/>
  <recv response="200" rrs="true"/>
  <send><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: <sip:{caller}@127.0.0.1>;tag=1
To: <sip:[service]@127.0.0.1>[peer_tag_param]
[routes]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
  <send><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: <sip:{caller}@127.0.0.1>;tag=1
To: <sip:[service]@127.0.0.1>[peer_tag_param]
[routes]
Call-ID: [call_id]
CSeq: 2 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
  <recv response="200" next="2"/>
  <label id="1"/>
  <send><![CDATA[
ACK sip:[service]@127.0.0.1:[remote_port] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=z9hG4bK-[call_id]
From: <sip:{caller}@127.0.0.1>;tag=1
To: <sip:[service]@127.0.0.1>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
  <label id="2"/>
</scenario>
"""


@dataclass(frozen=True, slots=True)
class Invite:
    """An INVITE as an endpoint received it."""

    endpoint: str
    uri: str
    headers: tuple[str, ...]

    def values_of(self, name: str) -> list[str]:
        """Return what each header of a name says."""
        lines = [line.partition(":") for line in self.headers]
        return [value.strip() for key, _, value in lines if key == name]


@dataclass(frozen=True, slots=True)
class Call:
    """What became of a call: the final status, and the INVITEs that endpoints received."""

    status: int
    invites: tuple[Invite, ...]

    @property
    def went_to(self) -> tuple[str, ...]:
        """Return the endpoints that were called, in their order."""
        return tuple(invite.endpoint for invite in self.invites)


@dataclass
class Site:
    """Kamailio and its endpoints, each at a port of its own."""

    root: Path
    folder: Path
    port: int = 0
    ports: dict[str, int] = field(default_factory=dict)

    @property
    def inside(self) -> str:
        """Return the folder as those see it that run in the suite's root."""
        return f"/{self.folder.relative_to(self.root)}"

    @property
    def kamailio_log(self) -> str:
        """Return what Kamailio has logged."""
        return (self.folder / "kamailio.log").read_text(errors="replace")

    def call(
        self,
        number: str,
        *,
        caller: str = CALLER,
        headers: str = "",
        address: str = _ADDRESS,
        again_after_ms: int = 0,
    ) -> Call:
        """Place a call and see it through; `again_after_ms` sends its INVITE a second time."""
        call_id = uuid4().hex
        invite = _INVITE.format(caller=caller, headers=headers)
        again = (
            f'<pause milliseconds="{again_after_ms}"/><send><![CDATA[\n{invite}\n]]></send>'
            if again_after_ms
            else ""
        )
        steps = _CALLER_STEPS.format(invite=invite, caller=caller, again=again)
        (self.folder / f"{call_id}.xml").write_text(steps)
        subprocess.run(
            [
                *("chroot", str(self.root), "sipp", f"127.0.0.1:{self.port}"),
                *("-sf", f"{self.inside}/{call_id}.xml", "-i", address, "-s", number),
                *("-m", "1", "-cid_str", call_id, "-nostdin", "-timeout", "25"),
                *("-trace_msg", "-message_file", f"{self.inside}/{call_id}.log"),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        finals = [
            int(found[1])
            for message in self._messages(call_id)
            if (found := _FINAL.match(message)) and "CSeq: 1 INVITE" in message
        ]
        assert len(set(finals)) == 1, (finals, self.kamailio_log)
        return Call(finals[0], tuple(self._invites_of(call_id)))

    def _messages(self, log: str) -> list[str]:
        text = (self.folder / f"{log}.log").read_text(errors="replace").replace("\r\n", "\n")
        return [part.partition("\n\n")[2] for part in _RULE.split(text) if part.strip()]

    def _invites_of(self, call_id: str) -> Iterator[Invite]:
        # A machine that is busy makes Kamailio repeat an INVITE; it is one for all that.
        seen = set()
        for name in ENDPOINTS:
            for message in self._messages(name):
                if message.startswith("INVITE ") and f"Call-ID: {call_id}\n" in message:
                    first, *lines = message.partition("\n\n")[0].split("\n")
                    invite = Invite(name, first.split(" ")[1], tuple(lines))
                    branch = name, invite.values_of("Via")[0]
                    if branch not in seen:
                        seen.add(branch)
                        yield invite


def address_of(endpoint: str) -> str:
    """Return the address that an endpoint listens at."""
    return MEDIA_ADDRESS if endpoint == "media" else _ADDRESS


@contextmanager
def new_site(root: Path, base_url: str, token: str = TOKEN, **attributes: object) -> Iterator[Site]:
    """Run Kamailio with the script filled in; further attributes are an `Installation`'s.

    Its settings may name an endpoint's address as `{trunk}`, `{voicebox}` or `{media}`.
    """
    folder = Path(mkdtemp(prefix="bereikbaar-", dir=root / "tmp"))
    site = Site(root, folder)
    try:
        with ExitStack() as stack:
            site.port, *others = free_ports(1 + len(ENDPOINTS))
            site.ports = dict(zip(ENDPOINTS, others, strict=True))
            addresses = {name: f"{address_of(name)}:{port}" for name, port in site.ports.items()}
            settings = {"trunk": "{trunk}"} | attributes.pop("settings", {})  # type: ignore[operator]
            filled = {name: value.format(**addresses) for name, value in settings.items()}
            installation = Installation(base_url, token, settings=filled, **attributes)  # type: ignore[arg-type]
            _configure(site, installation)
            for name in ENDPOINTS:
                stack.enter_context(_endpoint(site, name))
            stack.enter_context(_kamailio(site))
            yield site
    finally:
        shutil.rmtree(folder)


def _configure(site: Site, installation: Installation) -> None:
    modules = next((site.root / "usr/lib").glob("*/kamailio/modules")).relative_to(site.root)
    text = _MAIN.format(port=site.port, modules=f"/{modules}/", **site.ports)
    (site.folder / "kamailio.cfg").write_text(text)
    for name, script in render_scripts("kamailio", installation).items():
        (site.folder / name).write_text(script)


@contextmanager
def _endpoint(site: Site, name: str) -> Iterator[None]:
    """Run an endpoint that answers every call."""
    log = site.folder / f"{name}.log"
    log.touch()
    command = [
        *("sipp", "-sn", "uas", "-i", address_of(name), "-nostdin"),
        *("-p", str(site.ports[name])),
        *("-trace_msg", "-message_file", f"{site.inside}/{name}.log", "-message_overwrite", "0"),
    ]
    address = (address_of(name), site.ports[name])
    with _running(site, command, f"{name}.out", address):
        yield


@contextmanager
def _kamailio(site: Site) -> Iterator[None]:
    config = f"{site.inside}/kamailio.cfg"
    command = ["kamailio", "-f", config, "-DD", "-E", "-m", "32"]
    with _running(site, command, "kamailio.log", (_ADDRESS, site.port)):
        yield


@contextmanager
def _running(site: Site, command: list[str], log: str, address: tuple[str, int]) -> Iterator[None]:
    """Run a program of the suite until the block ends; it must be alive until then."""

    def listens() -> bool:
        assert process.poll() is None, (site.folder / log).read_text(errors="replace")
        return is_taken(address)

    with (
        (site.folder / log).open("wb") as output,
        subprocess.Popen(
            ["chroot", str(site.root), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        ) as process,
    ):
        try:
            wait_until(listens, f"{command[0]} listens")
            yield
            assert listens()
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
