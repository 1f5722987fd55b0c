"""Long work beside the event loop, which the end of the daemon doesn't wait for."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")


async def run_in_own_thread(function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Return what a function does in a thread of its own.

    Threads of asyncio's pool are waited for when the loop ends, and a conversion may take a minute.
    """
    done: Future[_T] = Future()
    # From here on it can't be cancelled, only left alone.
    done.set_running_or_notify_cancel()

    def run() -> None:
        try:
            result = function(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            done.set_exception(error)
        else:
            done.set_result(result)

    Thread(target=run, name="own-work", daemon=True).start()
    return await asyncio.wrap_future(done)
