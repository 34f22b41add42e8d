"""The server as a Gradio app, as Spaces of Hugging Face and Studios of ModelScope start it.

`gradio.Server` is a FastAPI, so routes, limits, headers and the page are those of `eex serve`.
Gradio adds a queue below /gradio_api, and there one endpoint for its clients: `search`.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import HTTPException

from eex.config import Settings
from eex.errors import BadQueryError, EexError, MissingExtraError
from eex.search.place import parse_place
from eex.search.query import Query
from eex.server.app import create_app, words
from eex.server.cancel import in_thread
from eex.server.load import rows_looked
from eex.server.state import State

if TYPE_CHECKING:
    from gradio import Server

    from eex.search.run import OpenSet

CORS = "CustomCORSMiddleware"
"""What Gradio adds to let every site read answers; EEX_CORS_ORIGINS decides that here."""

GRADIO = ("/gradio_api", "/config")
"""Where Gradio's clients ask; its own page and what belongs to that are not served."""

CLOSED = ("/gradio_api/upload", "/gradio_api/upload/")
"""Where Gradio would keep files of anybody on the disk; `search` takes none."""

MOST = 1_000
"""Most tiles that an answer through Gradio's queue lists; /api/v1/search lists more."""

Call = TypeVar("Call", bound=Callable[..., Any])


def create_space(settings: Settings, *, sets: tuple[Path, ...] = ()) -> Server:
    """Make the server; `launch()` starts it on `settings.host` and `settings.port`.

    Args:
        settings: As for `eex.server.app.create_app`.
        sets: GeoParquet files to serve beside the embedded world.

    Raises:
        MissingExtraError: If Gradio is not installed.
    """
    space: Any = create_app(settings, sets=sets, kind=_kind(settings))
    state: State = space.state.eex
    rank = on_gpu(_rank)

    async def search(
        text: str = "",
        place: str = "",
        k: int = 10,
        set: str = "world",  # noqa: A002 - named as in a query
    ) -> dict[str, Any]:
        return await _told(state, rank, text=text, place=place, k=k, name=set)

    told = (
        "Rank the tiles of a set by words, by a place (a name, or latitude and longitude), or both."
    )
    for path in CLOSED:
        space.post(path, include_in_schema=False)(_closed)
    space.api(search, name="search", description=told)
    return space


def on_gpu(call: Call) -> Call:
    """Return a function that is lent a GPU while it runs, where a Space lends GPUs by the call."""
    if importlib.util.find_spec("spaces") is None:
        return call
    import spaces

    return spaces.GPU(call)


def serve(settings: Settings) -> None:
    """Serve until the process is ended, the embedded world prepared before anyone asks."""
    space = create_space(settings)
    space.state.eex.open("world")
    space.launch()


def _kind(settings: Settings) -> type[Server]:
    """Return the class of the server: Gradio's, with our page last and no cross-origin answers."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # nothing calls home
    try:
        import gradio
    except ImportError as error:
        message = "Gradio is not installed."
        raise MissingExtraError(
            message, hint="pip install 'earth-embedding-explorer[space]'"
        ) from error

    class Space(gradio.Server):  # type: ignore[misc]
        """Ours, started by Gradio."""

        def include_router(self, *args: Any, **named: Any) -> None:  # noqa: ANN401
            """Take further routes; of Gradio's, which it adds when it starts, those of `GRADIO`."""
            super().include_router(*args, **named)
            _page_last(self.router.routes)

        def add_middleware(self, kind: Any, *args: Any, **named: Any) -> None:  # noqa: ANN401
            """Stand something before the routes, but for what opens them to every site."""
            if getattr(kind, "__name__", "") != CORS:
                super().add_middleware(kind, *args, **named)

        def launch(self, **named: Any) -> Any:  # noqa: ANN401
            """Start, on the address of the settings unless another is given."""
            given = {
                "server_name": settings.host,
                "server_port": settings.port,
                "show_error": False,
                "ssr_mode": False,
                "app_kwargs": {"lifespan": self.router.lifespan_context},
            }
            return super().launch(**(given | named))

    return Space


def _closed() -> None:
    raise HTTPException(404)


def _page_last(routes: list[Any]) -> None:
    """Move our page, which takes every path that is left, behind those of Gradio that stay."""
    at = next((n for n, route in enumerate(routes) if getattr(route, "name", "") == "web"), None)
    if at is not None:
        later = [r for r in routes[at + 1 :] if getattr(r, "path", GRADIO[0]).startswith(GRADIO)]
        routes[at:] = [*later, routes[at]]


async def _told(
    state: State,
    rank: Callable[[Query, OpenSet], dict[str, Any]],
    *,
    text: str,
    place: str,
    k: int,
    name: str,
) -> dict[str, Any]:
    """Answer one query from Gradio's queue in its turn among all searches."""
    import gradio

    gone = Event()
    try:
        query = _query(text, place, k, name)
        opened = await in_thread(gone, partial(state.open, name))
        looked = rows_looked(query, opened)
        async with state.load.turn(len(opened), len(query.parts), looked=looked):
            return await in_thread(gone, partial(rank, query, opened), limiter=state.load.threads)
    except EexError as error:
        _, _, detail, hint = words(error)
        raise gradio.Error(f"{detail} {hint}".strip(), print_exception=False) from error
    finally:
        gone.set()


def _query(text: str, place: str, k: int, name: str) -> Query:
    if not 1 <= k <= MOST:
        message = f"k is between 1 and {MOST:,} here, got {k}."
        raise BadQueryError(message, hint="POST /api/v1/search lists more.")
    parts: list[dict[str, Any]] = []
    if text.strip():
        parts.append({"kind": "text", "text": text})
    if place.strip():
        where = parse_place(place)
        parts.append({"kind": "place", "lon": where.lon, "lat": where.lat})
    if not parts:
        message = "The query is empty."
        raise BadQueryError(message, hint="Give text, a place, or both.")
    return Query.from_json({"set": name, "parts": parts, "k": k})


def _rank(query: Query, opened: OpenSet) -> dict[str, Any]:
    return opened.ask(query).to_json()
