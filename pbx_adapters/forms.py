"""The form that a PBX may send instead of a query string."""

from typing import Final

from aiohttp import web

from pbx_adapters.connection_limits import BODY_SECONDS
from pbx_adapters.refusals import RefusedError

FORM_READ: Final = web.RequestKey("form", str)
_FORM: Final = "application/x-www-form-urlencoded"


async def read_form(request: web.Request) -> str:
    """Return the body of a POST as text still encoded; raises `RefusedError`."""
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise RefusedError("too-large", "send less than 64 KiB") from None
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
