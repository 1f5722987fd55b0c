"""The peer of the hook: aiohttp with one static route that answers a few bytes of text.

Run as `python -m benchmarks.bare_route`, it serves until it is ended; it prints its port.
"""

import asyncio
import signal
import sys

KEEPALIVE_SECONDS = 75


async def _serve() -> None:
    from aiohttp import web

    async def say_hello(_request: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_get("/hello", say_hello)
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=KEEPALIVE_SECONDS)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await stopping.wait()
    await runner.cleanup()


def main() -> None:
    """Serve on any free port of this machine itself, on the loop that the daemon prefers."""
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve())


if __name__ == "__main__":
    main()
