"""What a refusal on the paths beside the hook says."""

import json

from tests.http.site import Reply


def error_of(reply: Reply) -> str:
    """Return the contract's word of a refusal, whose detail says something; empty for a success."""
    if reply.status < 300:
        return ""
    told = json.loads(reply.body)
    assert told["detail"]
    return str(told["error"])
