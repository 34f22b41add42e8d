"""Building a set from Python: one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from eex.build.asked import Asked, Engine, Source
from eex.build.items import GridName, Tiling
from eex.build.make import Made, build
from eex.build.plan import Model
from eex.build.rounds import Progress
from eex.build.world import WorldScenes
from eex.config import Settings
from eex.errors import BadQueryError
from eex.registry import unknown_name

WORLD_TILING = Tiling(size=32, stride=16)
"""Of the embedded world, whose tiles are what they are."""


def make_set(
    source: str | Source,
    output: str | Path,
    *,
    model: str | Model | Sequence[str | Model],
    size: int = 224,
    stride: int = 0,
    grid: GridName | Literal[""] = "",
    centre: bool = False,
    max_nodata: float = 0.0,
    max_cloud: float = 1.0,
    remove_offset: bool = False,
    stretch: str = "majortom",
    rgb: Sequence[str] | str = (),
    once: Literal["", "place", "group"] = "",
    append: str | Path | None = None,
    title: str = "",
    dtype: Literal["", "float16", "float32"] = "",
    engine: Engine = "local",
    workers: int = 1,
    address: str = "",
    device: str = "",
    precision: str = "",
    keep_scenes: str | Path | None = None,
    fresh: bool = False,
    retry: bool = False,
    settings: Settings | None = None,
    progress: Progress | None = None,
    **scenes: Any,  # noqa: ANN401
) -> Made:
    """Make an embedding set of imagery; called again with the same, it goes on where it was.

        eex.make_set("folder", "mine.parquet", paths=["scenes"], model="remoteclip-vit-b-32")

    Args:
        source: stac, items, folder, shards or world, or an object that lists scenes, see
            `eex.sources.refs.SceneSource`.
        output: GeoParquet file; with several models, their names are put behind its stem. Beside it
            come a STAC collection, the scenes, and a folder NAME.build with what is finished.
        model: One or several: a name, or a `Model` with weights, variant and precision.
        size: Height and width of a tile, pixels.
        stride: Pixels from one tile to the next; half of `size` by default.
        grid: "scene" or "majortom"; by default the latter for shards.
        centre: Of Major TOM's tiles only the middle.
        max_nodata: Largest share of missing pixels, 0 to 1.
        max_cloud: Largest share of clouds, 0 to 1, where scenes have classes.
        remove_offset: Take off the 1000 of baseline 04.00.
        stretch: How numbers become 8 bits for models of pictures; see `eex.imagery.stretch`.
        rgb: Bands that models of pictures see; B04, B03 and B02 by default.
        once: "place": one tile for each place; "group": one for each place and pass (the default).
        append: A set whose rows stay.
        title: Of the set.
        dtype: Number format of the vectors: float16 by default, or that of `append`.
        engine: "local" processes, "ray", or "here": this process itself.
        workers: Processes; each loads the models.
        address: Of a Ray that runs; empty starts one here.
        device: What networks run on; by default as the settings say.
        precision: Number format of networks; by default as the settings say.
        keep_scenes: Folder where scenes are fetched whole to; the set then refers to the copies.
        fresh: Begin anew, and replace a set that is there.
        retry: Try again what was set aside.
        settings: Read from the environment by default.
        progress: Called with "listing", "embedding" or "writing", how much is done, and of how
            much.
        scenes: What the source takes: area, dates, season, cloud_cover, limit; api and collection
            of stac; path of items; paths of folder and shards; bbox of world.

    Returns:
        Files, rows, what was set aside, and how long it took.

    Raises:
        BadQueryError: If it makes no sense, or another build lies there.
        BusyError: If another process builds the same.
        UnavailableError: If the network failed; what is finished is kept.
        OutputError: If the disk refuses; what is finished is kept.
    """
    settings = settings or Settings.from_env()
    models = [model] if isinstance(model, str | Model) else list(model)
    precision = precision or settings.precision
    if grid == "":
        grid = "majortom" if source == "shards" else "scene"
    asked = Asked(
        models=tuple(
            m if isinstance(m, Model) else Model(name=m, precision=precision) for m in models
        ),
        tiling=Tiling(
            size=size,
            stride=stride or max(1, size // 2),
            grid=grid,
            centre=centre,
            max_nodata=max_nodata,
            max_cloud=max_cloud,
            remove_offset=remove_offset,
        ),
        stretch=stretch,
        bands=tuple(b.strip() for b in (rgb.split(",") if isinstance(rgb, str) else rgb)),
        once=once,
        title=title,
        append=None if append is None else Path(append),
        dtype=dtype,
        engine=engine,
        workers=workers,
        address=address,
        device=device,
        fresh=fresh,
        retry=retry,
    )
    found, asked = opened_source(source, asked, settings, scenes)
    if keep_scenes is not None:
        from eex.build.scenes import KeptScenes

        found = KeptScenes(found, Path(keep_scenes), asked, settings)
    return build(found, Path(output), asked, settings=settings, progress=progress)


def opened_source(
    source: str | Source, asked: Asked, settings: Settings, scenes: dict[str, Any]
) -> tuple[Source, Asked]:
    """Return a source by its name, and what is asked of it."""
    if not isinstance(source, str):
        if scenes:
            message = f"A source of one's own takes no {', '.join(sorted(scenes))} here."
            raise BadQueryError(message, hint="Give them to the source where it is made.")
        return source, asked
    if source == WorldScenes.name:
        if unknown := sorted(scenes.keys() - {"bbox"}):
            error = unknown_name("option of world", unknown[0], ("bbox",))
            raise BadQueryError(error.message, hint=error.hint)
        return WorldScenes(**scenes), replace(asked, tiling=WORLD_TILING)
    from eex.sources.asking import source_of

    return source_of(source, settings, **scenes), asked
