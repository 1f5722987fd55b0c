"""The form that a PBX may send instead of a query string."""

from typing import Final

from aiohttp import HttpVersion11, web

from pbx_adapters.connection_limits import BODY_SECONDS, MAX_BODY_BYTES
from pbx_adapters.refusals import RefusedError

FORM_READ: Final = web.RequestKey("form", str)
_CONTINUE: Final = "100-continue"
_FORM: Final = "application/x-www-form-urlencoded"


async def read_form(request: web.BaseRequest) -> str:
    """Return the body of a POST as text still encoded; raises `RefusedError`."""
    # Who waits to be told to go on shall not be told to send what is refused.
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise _too_large()
    await invite_body(request)
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise _too_large() from None
    except web.HTTPRequestTimeout:
        detail = f"the body took longer than {BODY_SECONDS:g} seconds"
        raise RefusedError("bad-request", detail, Connection="close") from None
    except web.RequestPayloadError:
        raise RefusedError("bad-request", "the body is not framed or encoded as it says") from None
    if body and request.content_type != _FORM:
        raise RefusedError("bad-request", f"send the form as {_FORM}")
    try:
        form = body.decode("ascii")
    except UnicodeDecodeError:
        raise RefusedError("bad-request", "the form is not percent-encoded") from None
    # Kept for a refusal, which comes in the format that the form asks for.
    request[FORM_READ] = form
    return form


def _too_large() -> RefusedError:
    return RefusedError("too-large", f"send at most {MAX_BODY_BYTES // 1024} KiB")


async def invite_body(request: web.BaseRequest) -> None:
    """Tell a client to go on that waits to be told (RFC 9110, 10.1.1)."""
    if request.version == HttpVersion11 and request.headers.get("Expect", "").lower() == _CONTINUE:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # The answer itself hasn't begun.
        request.writer.output_size = 0
