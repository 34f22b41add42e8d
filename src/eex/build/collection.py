"""A STAC collection beside a built set, with the embedding extension.

Source:
    STAC 1.1.0, https://github.com/radiantearth/stac-spec/tree/v1.1.0 (collection-spec, commons);
    embedding extension 0.0.1 (a proposal),
    https://github.com/geo-embeddings/embeddings-stac-specification. Its one asset lies in the
    collection, as that extension and GeoParquet's own practice have it for sets of one file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eex.build.items import Tiling
from eex.embeddings import SetHeader
from eex.sources.refs import Ref, SceneRef

if TYPE_CHECKING:
    import pyarrow.parquet as pq

    from eex.encoders.base import EncoderSpec

VERSION = "1.1.0"
"""Of STAC."""

EMBEDDING = "https://stac-extensions.github.io/embeddings/v0.0.1/schema.json"
"""Schema of the embedding extension; prefix `emb`."""

FILE = "https://stac-extensions.github.io/file/v2.1.0/schema.json"
"""Schema of the file extension: `file:size`."""

GRID = "https://stac-extensions.github.io/grid/v1.1.0/schema.json"
"""Schema of the grid extension: `grid:code`."""

GRID_CODE = "MAJORTOM-{cell}"
"""A cell of Major TOM's 10 km grid as such a code: a designation of our own, as it allows."""

MOST_CELLS = 1000
"""Cells that are listed; of more, none are."""

PARQUET = "application/vnd.apache.parquet"
"""Media type of GeoParquet."""

MOST_LINKS = 1000
"""Links to source items."""

_SPDX = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")


def collection_path(output: Path) -> Path:
    """Return where the collection of a set lies."""
    return output.with_suffix(".json")


def is_collection_of(record: dict[str, Any], output: Path) -> bool:
    """Whether a record is the collection of a set, by its name."""
    assets = record.get("assets")
    asset = assets.get("embeddings") if isinstance(assets, dict) else None
    href = asset.get("href") if isinstance(asset, dict) else None
    return record.get("type") == "Collection" and href == f"./{output.name}"


def collection_of(
    output: Path,
    *,
    header: SetHeader,
    spec: EncoderSpec,
    tiling: Tiling,
    refs: Sequence[Ref],
    dtype: str,
) -> dict[str, Any]:
    """Return the STAC collection of a set that was written.

    Args:
        output: The GeoParquet file.
        header: Of it.
        spec: Of its encoder.
        tiling: How its tiles were cut.
        refs: What they were cut from.
        dtype: Number format of its vectors.
    """
    import pyarrow.parquet as pq

    footer = pq.read_metadata(output)
    layout: dict[str, Any] = {
        "layout_type": "named_grid" if tiling.grid == "majortom" else "regular_grid",
        "chip_size": [tiling.size, tiling.size],
        "stride": [tiling.stride, tiling.stride],
    }
    if tiling.grid == "majortom":
        layout["grid_id"] = "major-tom-v1"
    gsd = round(header.tile_km * 1000 / tiling.size, 3) if header.tile_km else None
    described = {
        "emb:type": "chip",
        "emb:dimensions": header.dim,
        "data_type": dtype,
        **({"gsd": gsd} if gsd else {}),
    }
    record: dict[str, Any] = {
        "type": "Collection",
        "stac_version": VERSION,
        "stac_extensions": [EMBEDDING, FILE],
        "id": re.sub(r"[^A-Za-z0-9._-]+", "-", header.id).strip("-") or "set",
        "title": header.title,
        "description": _described(header, spec, footer.num_rows),
        "license": header.licence if _SPDX.fullmatch(header.licence) else "other",
        "keywords": ["embeddings", "earth observation", header.model],
        "providers": _providers(header),
        "extent": {
            "spatial": {"bbox": [_bbox(footer)]},
            "temporal": {"interval": [_interval(output, refs)]},
        },
        **described,
        "emb:chip_layout": layout,
        "emb:fit_for_use": ["retrieval", "classification"],
        "summaries": {
            **{name: [value] for name, value in described.items()},
            "eex:rows": {"minimum": footer.num_rows, "maximum": footer.num_rows},
        },
        "eex:model": header.model,
        "eex:variant": header.variant,
        "eex:weights": header.weights,
        "eex:preprocessing": header.preprocessing,
        "eex:bands": list(header.bands),
        "eex:licence": header.licence,
        "eex:attribution": header.attribution,
        "links": _links(spec, refs),
        "assets": {"embeddings": _asset(f"./{output.name}", output.stat().st_size, header)},
        "item_assets": {"embeddings": {"type": PARQUET, "roles": ["data"]}},
    }
    if codes := _grid_codes(output, header):
        record["stac_extensions"].append(GRID)
        record["summaries"]["grid:code"] = codes
    if spec.paper:
        record["sci:publications"] = [{"citation": spec.paper}]
        record["stac_extensions"].append(
            "https://stac-extensions.github.io/scientific/v1.0.0/schema.json"
        )
    return record


def _grid_codes(output: Path, header: SetHeader) -> list[str]:
    """Return the cells that tiles lie in, where they are of the 10 km grid and not very many."""
    import pyarrow.parquet as pq

    if header.pixels not in {"scenes", "majortom"}:
        return []
    cells = pq.read_table(output, columns=["grid_cell"])["grid_cell"].unique().to_pylist()
    named = sorted(GRID_CODE.format(cell=cell) for cell in cells if cell)
    return named if len(named) <= MOST_CELLS else []


def _described(header: SetHeader, spec: EncoderSpec, rows: int) -> str:
    made = f"{rows:,} tiles as vectors of {header.dim} numbers by {spec.title} ({header.model})."
    return " ".join(filter(None, [made, header.preprocessing, header.attribution]))


def _providers(header: SetHeader) -> list[dict[str, Any]]:
    names = [name.strip() for name in header.attribution.split("; ") if name.strip()]
    return [{"name": name, "roles": ["licensor", "producer"]} for name in names] or [
        {"name": "Earth Embedding Explorer", "roles": ["processor"]}
    ]


def _bbox(footer: pq.FileMetaData) -> list[float]:
    geo = json.loads(footer.metadata[b"geo"])
    return [round(edge, 7) for edge in geo["columns"]["geometry"]["bbox"]]


def _interval(output: Path, refs: Sequence[Ref]) -> list[str | None]:
    """Return the first and the last time of rows, else of what they are from.

    Ends are open where none is known, as STAC has it.
    """
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    times: list[datetime] = []
    if "datetime" in pq.read_schema(output).names:
        ends = pc.min_max(pq.read_table(output, columns=["datetime"])["datetime"]).as_py()
        times = [when for when in ends.values() if isinstance(when, datetime)]
    times = times or [
        ref.when for ref in refs if isinstance(ref, SceneRef) and ref.when is not None
    ]
    if not times:
        return [None, None]
    return [_instant(min(times)), _instant(max(times))]


def _instant(when: datetime) -> str:
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _links(spec: EncoderSpec, refs: Sequence[Ref]) -> list[dict[str, str]]:
    """Return links to the model and to what tiles are from: items where there are such."""
    home = f"https://huggingface.co/{spec.homes[0].repo}" if spec.homes else f"#{spec.name}"
    links = [{"rel": "emb:model", "href": home, "title": spec.title}]
    sources = {ref.href: ref for ref in refs if ref.href}
    for href, ref in list(sources.items())[:MOST_LINKS]:
        kind = "derived_from" if href.startswith(("http://", "https://")) else "emb:source-data"
        links.append({"rel": kind, "href": href, "title": ref.id})
    if not any(link["rel"] == "emb:source-data" for link in links):
        parents = dict.fromkeys(_parent(href) for href in sources)
        some = list(parents)[:MOST_LINKS] or ["#"]
        links += [{"rel": "emb:source-data", "href": href} for href in some]
    return links


def _parent(href: str) -> str:
    """Return the collection that a STAC item's address lies in; else the address."""
    head, items, _ = href.rpartition("/items/")
    return head if items else href


def _asset(href: str, size: int, header: SetHeader) -> dict[str, Any]:
    return {
        "href": href,
        "type": PARQUET,
        "title": header.title,
        "roles": ["data"],
        "file:size": size,
    }
