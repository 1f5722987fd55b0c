"""Which handler a request goes to: one look-up, since every call pays for it."""

from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from types import MappingProxyType
from typing import NamedTuple

from aiohttp import web

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
UrlTable = Mapping[str, Mapping[str, Handler]]
# Of a GET without a body: whoever waits for nothing needs no task to wait in. It raises nothing,
# for nobody is left to answer then: the client would be hung up on.
PromptHandler = Callable[[web.BaseRequest], Coroutine[None, None, web.StreamResponse]]


class App(NamedTuple):
    """What answers every request, and by path what answers a GET without a body at once."""

    handler: Handler
    prompt_handlers: Mapping[str, PromptHandler] = MappingProxyType({})


def dispatch(
    table: UrlTable,
    otherwise: Callable[[web.BaseRequest, Collection[str]], Awaitable[web.StreamResponse]],
) -> Handler:
    """Return the handler that leads each request to the table's, by path and then by method.

    `otherwise` gets what the table hasn't, with the methods of its path: none when unknown.
    """

    def lead(request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        path, _, _ = request.raw_path.partition("?")
        # As it was sent, nearly always; else without its percent signs, or without its host.
        methods = table.get(path) or table.get(request.path, {})
        handler = methods.get(request.method)
        return otherwise(request, methods) if handler is None else handler(request)

    return lead


def answer_now(handler: PromptHandler, request: web.BaseRequest) -> web.StreamResponse:
    """Run a handler to its end in one step, as Python 3.12's eager tasks begin.

    Raises `RuntimeError` where it waits for something.
    """
    coroutine = handler(request)
    try:
        coroutine.send(None)
    except StopIteration as end:
        response: web.StreamResponse = end.value
        return response
    coroutine.close()
    raise RuntimeError("a handler that has to wait is no prompt one")
