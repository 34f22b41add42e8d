"""The card of a data set on a hub: README.md, filled from the set's header."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eex.embeddings import SetHeader

if TYPE_CHECKING:
    from eex.encoders.base import EncoderSpec

SIZES = (
    (10**3, "n<1K"),
    (10**4, "1K<n<10K"),
    (10**5, "10K<n<100K"),
    (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
    (10**8, "10M<n<100M"),
    (10**9, "100M<n<1B"),
)
"""Names that the hub has for numbers of rows: each for fewer than the number before it."""

LICENCES = (
    "apache-2.0",
    "cc-by-4.0",
    "cc-by-nc-4.0",
    "cc-by-nc-sa-4.0",
    "cc-by-sa-3.0-igo",
    "cc-by-sa-4.0",
    "cc0-1.0",
    "mit",
    "odc-by",
)
"""Names of licences that the hub knows and sets have; others are `other`."""

HOLDS = """\
The files hold vectors and places, no pixels. The header of each (key `emb`) says the same."""

LEADS = """\
Where the scenes are is in `FILE`; pictures of tiles are read from there."""

SOURCES_SHOWN = 20
"""Scenes that are listed."""

INTRODUCTION = """\
Embeddings of satellite imagery: one vector for each tile, GeoParquet 1.1 with the columns of the
Major TOM Embedding Expansion. Made with Earth Embedding Explorer."""

OPENING = """\
## How to open it

```bash
eex open REPO
eex search --set REPO --row 0
```

```python
import geopandas
tiles = geopandas.read_parquet("hf://datasets/REPO/FILE")
```

```sql
-- DuckDB
SELECT unique_id, grid_cell, centre_lon, centre_lat
FROM 'hf://datasets/REPO/data/*.parquet' LIMIT 5;
```"""
"""REPO and FILE stand for what they say."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a card tells."""

    header: SetHeader
    """Of the set."""
    spec: EncoderSpec | None
    """Of its encoder; None if it is not known here."""
    rows: int
    """Tiles."""
    dtype: str
    """Number format of the vectors."""
    repo: str
    """Where it is published, owner/name."""
    file: str
    """Path of the first Parquet file there."""
    bbox: tuple[float, ...]
    """West, south, east, north of the tiles."""
    interval: tuple[str | None, str | None] = (None, None)
    """First and last time, where known."""
    sources: int = 0
    """How many scenes or shards tiles are from; 0 if not known."""
    scenes_file: str = ""
    """Path of the file there that says where scenes are; empty if there is none."""

    def text(self) -> str:
        """Return README.md."""
        parts = [
            f"---\n{front_matter(self.header, rows=self.rows)}---",
            f"# {one_line(self.header.title)}",
            INTRODUCTION,
            self.table(),
            "\n".join([HOLDS, *self.leads()]),
            OPENING.replace("REPO", self.repo).replace("FILE", self.file),
            self.scenes(),
            self.citation(),
        ]
        return "\n\n".join(filter(None, parts)) + "\n"

    def table(self) -> str:
        """Return the facts of the set as a table."""
        header, (west, south, east, north) = self.header, self.bbox
        made = self.spec.title if self.spec is not None else header.model
        variant = f", variant {header.variant}" if header.variant else ""
        facts = {
            "Model": f"{made} (`{header.model}`{variant})",
            "Licence of the model": self.spec.licence if self.spec is not None else "",
            "Weights": f"`{header.weights}`" if header.weights else "",
            "Vectors": f"{header.dim} numbers, {self.dtype}, length one; compare them by cosine",
            "Bands": ", ".join(header.bands),
            "Preprocessing": header.preprocessing,
            "Tiles": f"{self.rows:,}" + (f", {header.tile_km:g} km" if header.tile_km else ""),
            "Area": f"{west:.3f}, {south:.3f}, {east:.3f}, {north:.3f} (west, south, east, north)",
            "Time": " to ".join(filter(None, self.interval)),
            "Sources": _counted(self.sources) if self.sources else "",
            "Licence": header.licence,
            "Credit": header.attribution,
        }
        said = {name: one_line(text).replace("|", "/") for name, text in facts.items()}
        rows = [f"| {name} | {text} |" for name, text in said.items() if text]
        return "\n".join(["| | |", "|---|---|", *rows])

    def leads(self) -> list[str]:
        """Return what is said of where pixels are."""
        return [LEADS.replace("FILE", self.scenes_file)] if self.scenes_file else []

    def scenes(self) -> str:
        """Return the list of scenes, or its beginning."""
        shown = self.header.sources[:SOURCES_SHOWN]
        if not shown:
            return ""
        lines = [f"- `{name}`" for name in shown]
        if (more := self.sources - len(shown)) > 0:
            lines.append(f"- and {more:,} more: see the column `scene`")
        return "\n".join(["## Sources", "", *lines])

    def citation(self) -> str:
        """Return how to cite the set, and its model."""
        key = re.sub(r"\W+", "_", self.repo.lower()).strip("_")
        year = (self.interval[1] or self.interval[0] or "")[:4]
        lines = [
            f"@misc{{{key},",
            f"  title = {{{one_line(self.header.title)}}},",
            f"  howpublished = {{https://huggingface.co/datasets/{self.repo}}},",
            *([f"  year = {{{year}}},"] if year else []),
            f"  note = {{{one_line(self.header.attribution)}}}",
            "}",
        ]
        cited = "\n".join(["## Citation", "", "```bibtex", *lines, "```"])
        if self.spec is not None and self.spec.paper:
            cited += f"\n\nThe model: {self.spec.source} {self.spec.paper}"
        return cited


def front_matter(header: SetHeader, *, rows: int) -> str:
    """Return the YAML between the lines of dashes."""
    licence = header.licence.lower()
    record: dict[str, Any] = {
        "pretty_name": one_line(header.title),
        "license": licence if licence in LICENCES else "other",
    }
    if record["license"] == "other":
        record["license_name"] = re.sub(r"[^a-z0-9.]+", "-", licence).strip("-") or "see-card"
    record |= {
        "size_categories": [size_category(rows)],
        "task_categories": ["image-feature-extraction"],
        "tags": [
            "earth-observation",
            "remote-sensing",
            "embeddings",
            "geospatial",
            "geoparquet",
            header.model,
        ],
        "embedding_dimension": header.dim,
        "embedding_spatial_types": ["chip"],
        "configs": [{"config_name": "default", "data_files": "data/*.parquet"}],
    }
    return yaml_text(record)


def one_line(text: str) -> str:
    """Return a text whose line breaks are spaces: a table and a heading end with their line."""
    return " ".join(text.split())


def size_category(rows: int) -> str:
    """Return the hub's name for a number of rows."""
    return next((name for most, name in SIZES if rows < most), "n>1T")


def yaml_text(record: Mapping[str, Any]) -> str:
    """Return a record as YAML: strings and inner records as JSON, which YAML contains."""
    lines = []
    for key, value in record.items():
        if isinstance(value, list):
            lines += [f"{key}:", *(f"- {json.dumps(one, ensure_ascii=False)}" for one in value)]
        else:
            lines.append(f"{key}: {json.dumps(value, ensure_ascii=False)}")
    return "\n".join(lines) + "\n"


def _counted(sources: int) -> str:
    return "1 scene or shard" if sources == 1 else f"{sources:,} scenes or shards"
