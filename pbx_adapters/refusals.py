"""Requests that get no decision: the contract's words for them, and their HTTP codes."""

from typing import Final, Literal

from pbx_adapters.answer import ANSWER_FIELDS, render_fields

HookError = Literal[
    "bad-request",
    "ambiguous-time",
    "unauthorized",
    "forbidden",
    "too-large",
    "too-many-attempts",
    "unavailable",
]
# Of messages, recordings and tables; no call is refused with these.
OtherError = Literal[
    "audio-missing",
    "audio-damaged",
    "bad-recording",
    "no-pin",
    "wrong-pin",
    "inbox-full",
    "disk-full",
    "not-found",
]

HTTP_CODES: Final[dict[HookError | OtherError, int]] = {
    "bad-request": 400,
    "ambiguous-time": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "too-large": 413,
    "unavailable": 503,
    "audio-missing": 404,
    "audio-damaged": 503,
    "bad-recording": 400,
    "no-pin": 403,
    "wrong-pin": 403,
    "too-many-attempts": 429,
    "inbox-full": 409,
    "disk-full": 507,
    "not-found": 404,
}


class RefusedError(Exception):
    """A request that gets no decision; `error` is the contract's word, `detail` says what to do."""

    def __init__(self, error: HookError | OtherError, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.error = error
        self.detail = detail
        self.headers = headers


def bare_answer(error: HookError) -> bytes:
    """Return the hook's JSON answer to what never became a call: the normal route, and why."""
    told = {"status": "unknown", "action": "continue", "error": error}
    return render_fields(dict.fromkeys(ANSWER_FIELDS, "") | told, "json").encode()
