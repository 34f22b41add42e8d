"""One query of each kind on the embedded world: tables, a map, a GeoJSON."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from eex.export import dumps, to_table
from eex.files import guarded, write_bytes
from eex.imagery.bluemarble import BlueMarble
from eex.render import png

if TYPE_CHECKING:
    from eex.search.run import OpenSet

PICTURE_PLACE = (10.5, 46.6)
"""Longitude and latitude of the picture that is asked with: the Alps."""

PLACE = (-60.0, -3.1)
"""Longitude and latitude of the place that is asked with: Manaus, in the Amazon forest."""


def run_demo(
    world: OpenSet, out: Path, *, say: Callable[[str], None], answer: Callable[[str], None]
) -> None:
    """Ask in words, with a picture, with a place and with a mix; write what was found.

    Args:
        world: The embedded world.
        out: Folder for query.png, map.png and best.geojson; made if it is not there.
        say: Takes messages.
        answer: Takes the tables.

    Raises:
        OutputError: If the files cannot be written.
    """
    from PIL import Image

    with guarded(f"making {out}"):
        out.mkdir(parents=True, exist_ok=True)
    say(world.embeddings.header.banner)
    picture = out / "query.png"
    cut = BlueMarble.open().cut(np.array([PICTURE_PLACE]), size=64)[0]
    write_bytes(picture, png(Image.fromarray(cut)))
    asked = {
        'Words: "sand desert"': world.search(text="sand desert"),
        f"A picture: {picture} (the Alps)": world.search(image=picture),
        "A place: Manaus, in the Amazon forest": world.search(place=PLACE),
        'A mix: "mountains", and like the place 61 N, 7 E': world.search(
            text="mountains", place=(7.0, 61.0)
        ),
    }
    for title, found in asked.items():
        read = ", ".join(f"{r.phrase} ({r.similarity:.2f})" for r in found.read_as)
        answer(f"\n{title}" + (f"\n  read as: {read}" if read else ""))
        for message in found.messages:
            answer(f"  note: {message}")
        answer(to_table(found.results))
    words = next(iter(asked.values()))
    words.map(out / "map.png")
    write_bytes(out / "best.geojson", f"{dumps(words.to_geojson())}\n".encode())
    say(f"\nWrote {out / 'map.png'} and {out / 'best.geojson'}")
