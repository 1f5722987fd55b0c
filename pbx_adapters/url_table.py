"""Which handler a request goes to: one look-up, since every call pays for it."""

from collections.abc import Awaitable, Callable, Collection, Mapping

from aiohttp import web

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
UrlTable = Mapping[str, Mapping[str, Handler]]


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
