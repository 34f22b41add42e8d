"""What sources of imagery list: references to scenes and to rows of shards, no pixels yet.

A reference is data: it becomes JSON, travels to workers and back, and is all that is needed to read
the pixels there. Sources give them, `eex.build` reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Protocol

Affine = tuple[float, float, float, float, float, float]
"""a, b, c, d, e, f: pixel (column, row) lies at x = a column + b row + c, y = d column + e row + f;
the first pixel is the upper left one."""

Listed = Callable[[int, int], None]
"""Called while a source is listed with references found and, where known, how many there are."""


@dataclass(frozen=True, kw_only=True)
class Asset:
    """One band of a scene: a band of a file here or far away."""

    href: str
    """Path or address of the file."""
    index: int = 1
    """Number of the band in the file, from 1."""
    scale: float = 1.0
    """Stored numbers times this, plus `offset`, are reflectances times 10,000 as stored by ESA."""
    offset: float = 0.0
    """See `scale`; 0 where files hold the digital numbers of the product."""
    nodata: float | None = None
    """Value of missing pixels where the listing says one; the file's own otherwise."""
    bytes: int = 0
    """Size of the file; 0 if not known."""
    origin: str = ""
    """Address that it was fetched from, where `href` is a copy."""


@dataclass(frozen=True, kw_only=True)
class SceneRef:
    """One raster scene: a product, or a file of one's own."""

    id: str
    """Unique in a build, such as S2A_54SUE_20240110_0_L2A or a file's stem."""
    bands: Mapping[str, Asset] = field(default_factory=dict)
    """Files by name of band: B04, B8A; SCL for the scene classification, if there is one; names of
    one's own for files that are not Sentinel-2."""
    product_id: str = ""
    """Name of the Sentinel-2 product where known, else that of `id`; it goes into every row."""
    when: datetime | None = None
    """When it was taken (UTC)."""
    cloud_cover: float | None = None
    """Share of the scene under clouds, percent."""
    footprint: str = ""
    """Where it has data: WKT in degrees, never across ±180° in one polygon; empty if not known."""
    extent: str = ""
    """Frame of its raster, of which data may fill a part: WKT in degrees, as `footprint`. It only
    tells whether a scene is worth reading; empty if not known."""
    crs: str = ""
    """Of its finest grid, such as EPSG:32654; empty: the file says it."""
    transform: Affine | None = None
    """Of its finest grid; None: the file says it."""
    size: tuple[int, int] | None = None
    """Pixels down and across of its finest grid; None: the file says it."""
    offset_removed: bool | None = None
    """Whether the 1000 that baseline 04.00 adds was taken off by the provider; None: not said."""
    group: str = ""
    """Scenes of one pass over the ground share it; a place is embedded once in each group."""
    licence: str = ""
    """Licence of its pixels."""
    attribution: str = ""
    """Credit line of its pixels."""
    href: str = ""
    """The listing's own record of it, such as the address of its STAC item."""

    @property
    def bytes(self) -> int:
        """Bytes of its files, 0 if not known."""
        return sum({asset.href: asset.bytes for asset in self.bands.values()}.values())

    @property
    def rank(self) -> tuple[float, float, str]:
        """Least for the best scene: least cloudy, then latest, then by its id."""
        return (
            101.0 if self.cloud_cover is None else self.cloud_cover,
            0.0 if self.when is None else -self.when.timestamp(),
            self.id,
        )


@dataclass(frozen=True, kw_only=True)
class ShardRef:
    """One image shard of Major TOM: a Parquet file of whole GeoTIFFs, one sample a row group."""

    id: str
    """Unique in a build, such as part_00001."""
    href: str
    """Path or address of the file."""
    rows: int
    """Samples in it."""
    bytes: int = 0
    """Size of the file; 0 if not known."""
    keep: tuple[int, ...] | None = None
    """Numbers of the rows that were asked for; None: all."""
    licence: str = "CC-BY-SA-4.0"
    """Licence of its pixels."""
    attribution: str = ""
    """Credit line of its pixels."""


Ref = SceneRef | ShardRef


class SceneSource(Protocol):
    """Lists references. One adapter for each kind of place; see `eex.testing.SceneSourceContract`.

    Listing reads no pixels. It gives the same references in the same order as long as what it
    lists does not change, each id once.
    """

    name: str
    """As users type it: stac, items, folder, shards."""
    title: str
    """Of the set that is made, unless the user gives one."""

    def refs(self, *, listed: Listed | None = None) -> list[Ref]:
        """Return what matches, in a fixed order.

        Raises:
            BadQueryError: If what is asked for makes no sense.
            SourceError: If it cannot be listed; the hint says what to do.
        """
        ...

    def asked(self) -> dict[str, Any]:
        """Return what was asked for, as JSON: it is written into the set."""
        ...


def to_json(ref: Ref) -> dict[str, Any]:
    """Return a reference as JSON."""
    kind = "scene" if isinstance(ref, SceneRef) else "shard"
    record = {"kind": kind, **asdict(ref)}
    if isinstance(ref, SceneRef):
        record["when"] = ref.when.isoformat() if ref.when else None
        for asset in record["bands"].values():
            if not asset["origin"]:  # names of work that was begun before there was this
                del asset["origin"]
    return record


def from_json(record: Mapping[str, Any]) -> Ref:
    """Return the reference that `to_json` wrote."""
    told = {key: value for key, value in record.items() if key != "kind"}
    if record["kind"] == "shard":
        keep = told.get("keep")
        return ShardRef(**told | {"keep": None if keep is None else tuple(keep)})
    told["bands"] = {band: Asset(**asset) for band, asset in told["bands"].items()}
    told["when"] = datetime.fromisoformat(told["when"]) if told["when"] else None
    for name in ("transform", "size"):
        told[name] = None if told[name] is None else tuple(told[name])
    if "extent" not in told:  # written when frames of rasters were told as where they have data
        told |= {"extent": told.get("footprint", ""), "footprint": ""}
    return SceneRef(**told)
