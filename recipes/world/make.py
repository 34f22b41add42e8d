"""Make the embedded world's weights again from public layers, or check the shipped ones.

    python recipes/world/make.py --data DIR --minilm DIR [--check]

DIR of --data has the folders `global` and `naturalearth` (README.md lists the files and their
sums); DIR of --minilm has `model.safetensors` and `vocab.txt` of all-MiniLM-L6-v2.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from check import same_cells, same_scores, same_words
from concepts import KINDS
from layers import MIN_LAND, land_share, tile_facts
from named import Named, named_places
from numpy.typing import NDArray
from rules import Shares
from sources import Sources
from truthfile import save_truth
from weights import listed_concepts, save_cells, save_weights
from words import WordTable, distil

from eex.encoders.world import WorldEncoder
from eex.encoders.world_features import tile_features
from eex.encoders.world_fit import fit
from eex.encoders.world_maps import Maps
from eex.grid import Grid
from eex.imagery.bluemarble import BlueMarble

PACKAGE = Path(__file__).parents[2] / "src" / "eex"
WEIGHTS = Path("encoders/data/demo-bluemarble-concepts.safetensors")
CELLS = Path("sources/data/world-cells.safetensors")
TRUTH = Path("data/world-truth.safetensors")

MIN_SPREAD, MIN_SHARE = 1e-4, 0.01
"""A feature that varies less, or is zero on all but this share of tiles, is not used."""


@dataclass(frozen=True)
class World:
    """The tiles, what they look like and what they are."""

    is_land: NDArray[np.bool_]
    """Which cells of the grid are in the set."""
    lonlat: NDArray[np.float64]
    """Their centres."""
    features: NDArray[np.float32]
    """Of `tile_features`."""
    shares: Shares
    """What the layers say."""
    named: tuple[Named, ...]
    """Names on the map."""

    @classmethod
    def build(cls, sources: Sources) -> World:
        """Cut the tiles and measure the layers."""
        grid = Grid(100.0)
        centres = grid.centres(grid.all_cells())
        is_land = land_share(sources, centres) >= MIN_LAND
        lonlat = centres[is_land]
        mosaic = BlueMarble.open()
        tiles = np.concatenate(
            [mosaic.cut(lonlat[i : i + 512]) for i in range(0, len(lonlat), 512)]
        )
        facts = tile_facts(sources, lonlat, tiles)
        named = named_places(sources, facts)
        return cls(is_land, lonlat, tile_features(tiles), Shares(facts), named)

    def truth(self) -> NDArray[np.float32]:
        """Return the truth of every concept, kinds first, shape (n, concepts)."""
        kinds = [kind.rule(self.shares) for kind in KINDS]
        return np.stack([*kinds, *(n.truth for n in self.named)], axis=1).astype(np.float32)

    def columns(self) -> NDArray[np.int16]:
        """Return the features that say something."""
        varies = self.features.std(axis=0) > MIN_SPREAD
        present = (self.features != 0).mean(axis=0) >= MIN_SHARE
        return np.flatnonzero(varies & present).astype(np.int16)

    def fit(self) -> Maps:
        """Fit the maps on all tiles."""
        is_kind = np.arange(len(KINDS) + len(self.named)) < len(KINDS)
        return fit(
            self.features,
            self.lonlat,
            self.truth(),
            is_kind=is_kind,
            columns=self.columns(),
        )


def main() -> int:
    """Make the files."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=os.environ.get("EEX_RECIPE_DATA"))
    parser.add_argument("--minilm", type=Path, default=os.environ.get("EEX_RECIPE_MINILM"))
    parser.add_argument("--check", action="store_true", help="compare with the shipped files")
    arguments = parser.parse_args()
    if not (arguments.data and arguments.minilm):
        parser.error("--data and --minilm are needed (or EEX_RECIPE_DATA and EEX_RECIPE_MINILM)")
    world = World.build(Sources(Path(arguments.data)))
    print(f"{len(world.lonlat)} tiles, {len(KINDS)} kinds of land, {len(world.named)} names")
    maps, words = world.fit(), distil(Path(arguments.minilm))
    if not arguments.check:
        write(world, maps, words, PACKAGE)
        for name in (WEIGHTS, CELLS, TRUTH):
            print(hashlib.sha256((PACKAGE / name).read_bytes()).hexdigest(), name)
        print("now put the sums into README.md and the first into eex/encoders/world.py")
        return 0
    with TemporaryDirectory() as folder:
        fresh = Path(folder)
        write(world, maps, words, fresh)
        differ = [
            *same_cells(PACKAGE / CELLS, fresh / CELLS),
            *same_cells(PACKAGE / TRUTH, fresh / TRUTH),
            *same_words(PACKAGE / WEIGHTS, fresh / WEIGHTS),
            *same_scores(WorldEncoder.open(), maps, world.features),
        ]
    print("\n".join(differ) or "the shipped files are what the recipe makes")
    return 1 if differ else 0


def write(world: World, maps: Maps, words: WordTable, package: Path) -> None:
    """Write all files below a folder laid out like the package."""
    save_cells(package / CELLS, world.is_land)
    save_truth(package / TRUTH, world.shares, world.named, world.truth())
    save_weights(package / WEIGHTS, maps, listed_concepts(world.named), words)


if __name__ == "__main__":
    sys.exit(main())
