"""Who is told of what: the tables `[[notify]]` and `[smtp]` of the configuration."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple, Self, TypeVar, get_args
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidatorFunctionWrapHandler,
    model_validator,
)
from pydantic_core import InitErrorDetails

from schedules.errors import FaultyValueError
from schedules.field_text import check_email, check_name, check_slug, fold

EventKind = Literal["revision", "override-start", "override-end"]
EVENT_KINDS: Final[tuple[EventKind, ...]] = get_args(EventKind)
Channel = Literal["mail", "webhook"]
CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)

_MAX_PORT: Final = 65_535
# RFC 6409, RFC 8314, RFC 5321.
_PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}


_T = TypeVar("_T")


def validate_beside(
    value: object, validate: Callable[[Any], _T], faults: Sequence[tuple[str, str]]
) -> _T:
    """Validate what has these faults as a whole, so that those of its parts are told with them.

    Raises `ValidationError` or `FaultyValueError`.
    """
    try:
        found = validate(value)
    except ValidationError as error:
        raise _with_faults(error, value, faults) from None
    if faults:
        raise FaultyValueError(*faults)
    return found


def _with_faults(
    error: ValidationError, value: object, faults: Sequence[tuple[str, str]]
) -> ValidationError:
    if not faults:
        return error
    lines = [
        InitErrorDetails(
            type=line["type"], loc=line["loc"], input=line["input"], ctx=line.get("ctx", {})
        )
        for line in error.errors(include_url=False)
    ]
    own = InitErrorDetails(
        type="value_error", loc=(), input=value, ctx={"error": FaultyValueError(*faults)}
    )
    return ValidationError.from_exception_data(error.title, [*lines, own])


def _check_path(value: object) -> object:
    if not str(value):
        raise FaultyValueError(("is empty", "name it, or take the setting out"))
    return value


# One that is empty would be the folder where the daemon happens to run.
NamedPath = Annotated[Path, BeforeValidator(_check_path)]


def _check_webhook(url: str) -> str:
    fault = f"{url[:80]!r} is not a web address", "write https://HOST/PATH"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise FaultyValueError(fault) from None
    is_plain = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme not in ("http", "https") or not host or parts.fragment or not is_plain:
        raise FaultyValueError(fault)
    if "@" in parts.netloc:
        raise FaultyValueError(
            ("holds a user or a password", "leave it out: the signature says who sends")
        )
    return url


def _check_host(host: str) -> str:
    if not host or not host.isascii() or not host.isprintable() or set(host) & set(" /@"):
        raise FaultyValueError((f"{host[:80]!r} is not a host", "write its name alone"))
    return host


class _Table(BaseModel):
    """What the tables share: immutable, and no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class SmtpSettings(_Table):
    """The mail server that news goes out by."""

    host: Annotated[str, AfterValidator(_check_host)]
    port: int | None = Field(default=None, ge=1, le=_MAX_PORT)
    tls: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password_file: NamedPath | None = None
    sender: Annotated[str, AfterValidator(check_email)] = Field(alias="from")

    @model_validator(mode="wrap")
    @classmethod
    def _check_login(cls, value: object, validate: ModelWrapValidatorHandler[Self]) -> Self:
        faults = []
        if isinstance(value, Mapping) and ("user" in value) != ("password_file" in value):
            faults.append(("has one of user and password_file alone", "give both, or neither"))
        return validate_beside(value, validate, faults)

    @property
    def used_port(self) -> int:
        """The port, that of its kind of TLS where none is set."""
        return self.port or _PORTS[self.tls]

    def __str__(self) -> str:
        return f"{self.host}:{self.used_port}"


class NotifyRule(_Table):
    """One `[[notify]]`: who is told of which schedules' events; without a choice, of all."""

    name: Annotated[str, AfterValidator(check_name)] | None = None
    to: Annotated[str, AfterValidator(check_email)] | None = None
    webhook: Annotated[str, AfterValidator(_check_webhook)] | None = None
    secret_file: NamedPath | None = None
    schedules: tuple[Annotated[str, AfterValidator(check_slug)], ...] = ()
    companies: tuple[Annotated[str, AfterValidator(check_name)], ...] = ()
    events: tuple[EventKind, ...] = EVENT_KINDS

    @model_validator(mode="wrap")
    @classmethod
    def _check_choices(cls, value: object, validate: ModelWrapValidatorHandler[Self]) -> Self:
        faults = list(_faults_of_choices(value)) if isinstance(value, Mapping) else []
        return validate_beside(value, validate, faults)

    @property
    def receiver(self) -> str:
        """What the receiver is called: as it is named, else the address, or the webhook's host."""
        return self.name or self.to or urlsplit(self.webhook or "").netloc

    def wants(self, kind: str, schedule_id: str, company: str | None) -> bool:
        """Tell whether it asks for this kind of event of this schedule."""
        if kind not in self.events:
            return False
        if self.companies:
            return fold((company or "").strip()) in {fold(one.strip()) for one in self.companies}
        return not self.schedules or schedule_id in self.schedules


def _faults_of_choices(given: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong between the keys of a `[[notify]]`, whatever they hold."""
    if "to" in given and "webhook" in given:
        yield "names an address and a webhook", "make two [[notify]] of it"
    elif "to" not in given and "webhook" not in given:
        yield "must say where to: an address or a webhook", "give `to` or `webhook`"
    if ("webhook" in given) != ("secret_file" in given):
        yield "a webhook and its secret_file go together", "give both, or neither of them"
    if given.get("events") in ([], ()):
        yield "asks for no events", "leave `events` out for all, or name some"
    if given.get("schedules") and given.get("companies"):
        yield "chooses by schedules and by companies", "make two [[notify]] of it"


class Receiver(NamedTuple):
    """Somebody to be told, by all rules that name him.

    `address` is that of a mailbox or a webhook; only a webhook has a `secret_file`.
    """

    name: str
    channel: Channel
    address: str
    secret_file: Path | None
    rules: tuple[NotifyRule, ...]

    def wants(self, kind: str, schedule_id: str, company: str | None) -> bool:
        """Tell whether one of its rules asks for this."""
        return any(rule.wants(kind, schedule_id, company) for rule in self.rules)


def receivers_of(rules: Iterable[NotifyRule]) -> dict[str, Receiver]:
    """Return who is to be told, by name.

    Raises `FaultyValueError` for each name that stands for two receivers.
    """
    found: dict[str, Receiver] = {}
    faults: list[tuple[str, str]] = []
    for rule in rules:
        channel: Channel = "webhook" if rule.webhook else "mail"
        address = rule.webhook or rule.to or ""
        same = found.get(rule.receiver)
        if same is None:
            found[rule.receiver] = Receiver(
                rule.receiver, channel, address, rule.secret_file, (rule,)
            )
        elif (same.address, same.secret_file) == (address, rule.secret_file):
            found[rule.receiver] = same._replace(rules=(*same.rules, rule))
        else:
            problem = f"two receivers are called {rule.receiver!r}"
            faults.append((problem, "give each a `name` of its own"))
    if faults:
        raise FaultyValueError(*dict.fromkeys(faults))
    return found


def check_receivers(value: object, validate: ValidatorFunctionWrapHandler) -> object:
    """Read rules whose receivers can be told apart; raises `FaultyValueError`."""
    try:
        rules = validate(value)
    except ValidationError as error:
        try:
            receivers_of(_rules_as_given(value))
        except FaultyValueError as clash:
            raise _with_faults(error, value, clash.faults) from None
        raise
    receivers_of(rules)
    return rules


def _rules_as_given(value: object) -> Iterator[NotifyRule]:
    """Yield what can be told of where rules lead to while some of them are faulty."""
    for given in value if isinstance(value, list) else ():
        if not isinstance(given, Mapping) or ("to" in given) == ("webhook" in given):
            continue
        texts = {key: one for key, one in given.items() if isinstance(one, str)}
        shown: dict[str, Any] = {
            key: texts.get(key) for key in ("name", "to", "webhook", "secret_file")
        }
        rule = NotifyRule.model_construct(None, **shown)
        with suppress(ValueError):
            if rule.receiver:
                yield rule
