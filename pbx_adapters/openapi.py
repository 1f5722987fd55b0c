"""The description of the HTTP interface, made from the names that the hook itself uses."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from typing import Any, Final, get_args

from audio_store.intake import ENCODINGS
from pbx_adapters.answer import ANSWER_FIELDS, CONTENT_TYPES, DIALECTS
from pbx_adapters.recordings import PIN_HEADER
from pbx_adapters.refusals import HTTP_CODES, HookError
from pbx_adapters.signed_table import (
    INTERVAL_FIELDS,
    RIGHTS_HEADER,
    SIGNATURE_HEADER,
    TABLE_FIELDS,
)

_PARAMETERS: Final = {
    "did": "Number called, as the trunk delivers it; also `called`, `to`. Or give `schedule`.",
    "schedule": "A schedule's id, also of one that isn't linked; instead of `did`.",
    "cli": "Caller's number; also `caller`, `from`. May be empty or anonymous.",
    "callid": "The PBX's own id of the call, at most 128 characters.",
    "format": "`json`, `text` or `xml`, instead of the dialect's own.",
    "at": "Operator tokens only: simulate this instant, or this local time of the schedule.",
    "explain": "Operator tokens only: `1` adds `considered` to a JSON answer.",
}
_PLAIN: Final = {
    "/-/healthy": ("Whether the process lives", {"200": "It does"}),
    "/-/ready": (
        "Whether calls can be answered: ok or degraded, and why",
        {"200": "They can, also from a last-good snapshot", "503": "Nothing to answer from"},
    ),
    "/metrics": ("Prometheus metrics", {"200": "The text format"}),
    "/openapi.json": ("This description", {"200": "OpenAPI 3.1"}),
}
_REFUSALS: Final = {
    "401": "No valid token",
    "403": "The token is not for this, or not for your network",
    "429": "Too many requests without a valid token: Retry-After says when",
    "503": "Nothing to answer from",
}


@cache
def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document."""
    paths: dict[str, Any] = {
        f"/hook/{dialect}": {method: _hook_operation(dialect, method) for method in ("get", "post")}
        for dialect in DIALECTS
    }
    for path, (summary, codes) in _PLAIN.items():
        paths[path] = {"get": {"summary": summary, "responses": _responses(codes)}}
    paths["/-/reload"] = {"post": _reload_operation()}
    paths["/audio/{sha256}.wav"] = {method: _audio_operation(method) for method in ("get", "head")}
    paths["/recordings/{schedule}"] = _recordings_operations()
    for path in ("/table/{schedule}", "/table"):
        paths[path] = {method: _table_operation(path, method) for method in ("get", "head")}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Bereikbaar", "version": version("bereikbaar")},
        "paths": paths,
        "components": {
            "schemas": {"Answer": _texts_schema(ANSWER_FIELDS), "Table": _table_schema()},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
            },
        },
    }


def _reload_operation() -> dict[str, Any]:
    return {
        "summary": "Read everything from the store anew; operator tokens only",
        "security": _security(),
        "responses": _responses({"200": "Reloaded"} | _REFUSALS),
    }


def _audio_operation(method: str) -> dict[str, Any]:
    codes = {"200": "The message", "206": "A range of it", "304": "Unchanged"}
    codes |= {"404": "audio-missing: it isn't stored here", "416": "No such range"}
    codes["412"] = "Not what If-Match names"
    codes |= {"400": "No such encoding"} | _REFUSALS
    codes["503"] += ", audio-damaged, or too much to do"
    operation: dict[str, Any] = {
        "operationId": f"{method}_audio",
        "summary": "A message: WAV, PCM 16-bit, 8 kHz, mono unless asked otherwise; ranges, ETag",
        "security": _security(),
        "parameters": [
            _parameter("sha256", "The hash of its bytes", place="path"),
            _parameter("encoding", f"{', '.join(f'`{one}`' for one in ENCODINGS)}, for others"),
        ],
        "responses": _responses(codes),
    }
    operation["responses"]["200"]["content"] = {"audio/wav": {}}
    return operation


def _recordings_operation(method: str, summary: str, codes: Mapping[str, str]) -> dict[str, Any]:
    every = _REFUSALS | {
        "400": "bad-request: for one, no PIN was sent",
        "403": f"{_REFUSALS['403']}; no-pin or wrong-pin",
        "429": "too-many-attempts, at tokens or at the PIN: Retry-After says when",
    }
    return {
        "operationId": f"{method}_recordings",
        "summary": summary,
        "security": _security(),
        "parameters": [
            _parameter("schedule", "The schedule's id", place="path"),
            _parameter(PIN_HEADER, "The schedule's PIN for recordings", place="header"),
        ],
        "responses": _responses({**every, **codes}),
    }


def _recordings_operations() -> dict[str, Any]:
    codes = {
        "201": "It waits in the inbox",
        "400": "bad-recording or bad-request",
        "409": "inbox-full",
        "413": "More than 10 MB",
        "507": "disk-full",
    }
    upload = _recordings_operation("post", "Send a message recorded by telephone", codes)
    upload["requestBody"] = {"required": True, "content": {"audio/wav": {}}}
    check = _recordings_operation("get", "Whether a PIN is right", {"204": "It is"})
    return {"get": check, "post": upload}


def _table_operation(path: str, method: str) -> dict[str, Any]:
    is_named = "{" in path
    asked = (
        [_parameter("schedule", "The schedule's id", place="path")]
        if is_named
        else [_parameter(name, _PARAMETERS[name]) for name in ("did", "schedule")]
    )
    codes = {
        "200": "The decisions of seven days, one interval a line; the header signs the body",
        "400": "bad-request: neither or both of a schedule and a number, or a parameter broken",
        "404": "not-found: no such schedule, or the number is linked to none",
    }
    codes |= _REFUSALS
    codes["403"] += "; or the token has no key to sign with"
    operation: dict[str, Any] = {
        "operationId": f"{method}_table_of_{'schedule' if is_named else 'number'}",
        "summary": "What to decide by while the daemon can't be reached",
        "security": _security(),
        "parameters": asked,
        "responses": _responses(codes),
    }
    operation["responses"]["200"] |= {
        "headers": {
            name: {"schema": {"type": "string"}} for name in (SIGNATURE_HEADER, RIGHTS_HEADER)
        },
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Table"}}},
    }
    return operation


def _responses(codes: Mapping[str, str]) -> dict[str, Any]:
    return {code: {"description": text} for code, text in codes.items()}


def _hook_operation(dialect: str, method: str) -> dict[str, Any]:
    answer = {
        content_type.partition(";")[0]: {"schema": {"$ref": "#/components/schemas/Answer"}}
        for content_type in CONTENT_TYPES.values()
    }
    codes = {"200": "Decided; also for an unknown number"}
    for error in get_args(HookError):
        code = str(HTTP_CODES[error])
        codes[code] = f"{codes[code]}, {error}" if code in codes else error
    operation = {
        "operationId": f"{method}_{dialect}",
        "summary": f"Decide one call, for {dialect}; answers {DIALECTS[dialect]} by default",
        "security": _security(),
        "parameters": [_parameter(name, text) for name, text in _PARAMETERS.items()],
        "responses": {
            code: {"description": text, "content": answer} for code, text in codes.items()
        },
    }
    if method == "post":
        properties = {name: _text(text) for name, text in _PARAMETERS.items()}
        operation["requestBody"] = {
            "description": "The same parameters; each once, here or in the query string",
            "content": {
                "application/x-www-form-urlencoded": {
                    "schema": {"type": "object", "properties": properties}
                }
            },
        }
    return operation


def _text(description: str) -> dict[str, str]:
    return {"type": "string", "description": description}


def _parameter(name: str, text: str, *, place: str = "query") -> dict[str, Any]:
    return {
        "name": name,
        "in": place,
        "required": place != "query",
        "description": text,
        "schema": {"type": "string"},
    }


def _texts_schema(names: Sequence[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: {"type": "string"} for name in names},
        "required": list(names),
    }


def _table_schema() -> dict[str, Any]:
    schema = _texts_schema(TABLE_FIELDS)
    schema["properties"]["intervals"] = {"type": "array", "items": _texts_schema(INTERVAL_FIELDS)}
    schema["required"].append("intervals")
    return schema


def _security() -> list[dict[str, list[str]]]:
    return [{"bearer": []}, {"basic": []}]
