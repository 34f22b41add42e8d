"""The routes of one tile: what is known of it, its picture, its pixels, where in it a query fits.

Pixels may come from afar. So many of a set are read at a time as have threads of their own, the
others wait without one: however slow a shard is, searches are answered, and other sets shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Literal, TypeVar, cast

import anyio.to_thread
from fastapi import APIRouter, Query, Request, Response

from eex.errors import BadPictureError, BadQueryError, DamagedRemoteError
from eex.heatmaps.draw import png_bytes
from eex.imagery.pixels import Crop, Kind
from eex.search.run import OpenSet
from eex.server import schemas
from eex.server.answers import A_DAY, PROBLEM, Served, answered, gives, has, webp
from eex.server.state import State

router = APIRouter(prefix="/api/v1", responses=PROBLEM)

MEDIA = {"tif": "image/tiff", "png": "image/png", "jpg": "image/jpeg"}
"""Media types of files of pixels."""

T = TypeVar("T")

Format = Literal["tif", "png", "jpg"]


@router.get("/sets/{name}/tiles/{row}", operation_id="tile")
def tile(name: str, row: int, state: Served) -> schemas.TileInfo:
    """Tell what is known of a tile."""
    found = state.open(name).embeddings
    properties = found.properties(row)
    lon, lat = found.lonlat[row]
    return schemas.TileInfo(
        row=row, id=str(found.ids[row]), lon=lon, lat=lat, properties=properties
    )


@router.get(
    "/sets/{name}/tiles/{row}/picture",
    operation_id="picture",
    response_class=Response,
    responses=gives("image/webp"),
)
async def picture(
    name: str,
    row: int,
    request: Request,
    state: Served,
    size: Annotated[int, Query(ge=16, le=1024, description="Height and width, pixels.")] = 192,
) -> Response:
    """Return a tile's picture for people, WebP."""
    opened = await anyio.to_thread.run_sync(state.open, name)
    tag = f"t{opened.embeddings.key}-{row}-{size}"
    if has(request, tag):  # before anything is read
        return answered(request, b"", tag=tag, media="image/webp", age=A_DAY)
    content = await _looking(state, opened, lambda: webp(opened.picture(row, size=size)))
    return answered(request, content, tag=tag, media="image/webp", age=A_DAY)


@router.get(
    "/sets/{name}/tiles/{row}/pixels",
    operation_id="pixels",
    response_class=Response,
    responses=gives("image/tiff"),
)
async def pixels(
    name: str,
    row: int,
    request: Request,
    state: Served,
    *,
    kind: Annotated[
        Kind | None, Query(description="What is read; rgb, or bands where bands are named.")
    ] = None,
    bands: Annotated[
        str,
        Query(
            max_length=80, description="Which bands, such as B08,B04; of kind bands all by default."
        ),
    ] = "",
    crop: Annotated[
        str,
        Query(
            pattern=r"^(embedded|whole|[1-9]\d{0,3})$",
            description="embedded, whole, or the central square of so many pixels of 10 m.",
        ),
    ] = "embedded",
    format: Annotated[Format, Query(description="GeoTIFF, PNG or JPEG.")] = "tif",  # noqa: A002
    size: Annotated[
        int, Query(ge=0, le=2048, description="Height and width of a picture; 0: as it is.")
    ] = 0,
) -> Response:
    """Return a tile's pixels: a GeoTIFF of the stored numbers, or a picture, PNG or JPEG."""
    from eex.imagery.save import pixel_bytes

    opened = await anyio.to_thread.run_sync(state.open, name)
    part = cast("Crop", int(crop) if crop.isdecimal() else crop)
    names = [band.strip() for band in bands.split(",")] if bands else []
    if size and format == "tif":
        message = "A GeoTIFF has the pixels as stored; it is not resized."
        raise BadQueryError(message, hint="Leave the size out, or ask for png.")
    wanted: Kind = kind or ("bands" if names else "rgb")
    told = f"{wanted}-{'.'.join(names)}-{crop}-{format}-{size}"
    tag = f"x{opened.embeddings.key}-{row}-{told}"
    media = MEDIA[format]
    if re.fullmatch(r"[\w.-]+", tag) and has(request, tag):
        return answered(request, b"", tag=tag, media=media, age=A_DAY)

    def read() -> bytes:
        found = opened.pixels(row, kind=wanted, bands=names, crop=part)
        return pixel_bytes(found, format, size=size)

    content = await _looking(state, opened, read)
    called = re.sub(r"[^A-Za-z0-9_-]", "_", str(opened.embeddings.ids[row]))[:60]
    file = f'attachment; filename="{called}-{wanted}.{format}"'
    extra = {"Content-Disposition": file}
    return answered(request, content, tag=tag, media=media, age=A_DAY, extra=extra)


@router.get(
    "/searches/{mark}/tiles/{row}/heatmap",
    operation_id="heatmap",
    response_class=Response,
    responses=gives("image/png"),
)
async def heatmap(
    mark: str,
    row: int,
    request: Request,
    state: Served,
    *,
    size: Annotated[int, Query(ge=64, le=2048, description="Long side, pixels.")] = 512,
    opacity: Annotated[float, Query(ge=0, le=1, description="Of the colours.")] = 0.6,
    layer: Annotated[
        bool, Query(description="The colours alone, to be laid over the picture at any opacity.")
    ] = False,
) -> Response:
    """Return where in a tile the query of an answer fits, drawn over its picture, PNG."""
    answer = state.recall(mark)
    tag = f"h{mark}-{row}-{size}-{'layer' if layer else f'{opacity:g}'}"
    if has(request, tag):  # before the network runs
        return answered(request, b"", tag=tag, media="image/png", age=A_DAY)
    shown = answer.opened
    found = await _looking(state, shown, lambda: shown.heatmap(answer.found.query, row))
    draw = lambda: png_bytes(found, opacity=opacity, size=size, alone=layer)  # noqa: E731
    content = await anyio.to_thread.run_sync(draw)
    low, high = found.limits
    extra = {"X-Eex-Kind": found.kind, "X-Eex-Min": repr(low), "X-Eex-Max": repr(high)}
    return answered(request, content, tag=tag, media="image/png", age=A_DAY, extra=extra)


async def _looking(state: State, opened: OpenSet, read: Callable[[], T]) -> T:
    """Run what reads pixels of a set in one of the threads for it.

    Raises:
        DamagedRemoteError: In place of what says that a tile's pixels are none, which is not the
            fault of who asks.
    """
    try:
        return await anyio.to_thread.run_sync(read, limiter=state.looking[opened.name])
    except BadPictureError as error:
        raise DamagedRemoteError(str(error), hint=error.hint) from error
