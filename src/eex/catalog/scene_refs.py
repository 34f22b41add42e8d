"""Where the scenes of a set are that was built and published: fetched beside its rows.

Pictures need it, searches do not: a set whose references cannot be had is opened without.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from eex.build.public import public_ref, whole_ref
from eex.catalog.fetching import FileProgress, have_files
from eex.catalog.finding import Found
from eex.catalog.opened import Source
from eex.embeddings import SetHeader
from eex.errors import EexError, OutputError
from eex.sources.beside import find_scenes, read_scenes, scenes_name, scenes_text
from eex.weights.receipts import read_receipt
from eex.weights.records import WeightFile

if TYPE_CHECKING:
    import pyarrow as pa

    from eex.config import Settings
    from eex.sources.refs import Ref

_LOGGER = logging.getLogger("eex")

PIXELS = "scenes"
"""What reads the pixels of such sets: `SetHeader.pixels`."""


@dataclass(frozen=True, kw_only=True)
class SceneRefs:
    """References of a set, and what they were read from."""

    refs: tuple[Ref, ...]
    """Of all its scenes."""
    source: Source | None = None
    """The file, where it is the user's own."""

    @property
    def mark(self) -> str:
        """What changes whenever they do."""
        return sha256(scenes_text(self.refs).encode()).hexdigest()[:16]


def scene_refs(
    found: Found,
    schema: pa.Schema,
    settings: Settings,
    *,
    progress: FileProgress,
    waiting: Callable[[], None] | None = None,
    anew: bool = False,
) -> SceneRefs | None:
    """Return where the scenes of a set are; None if it has none, or nobody tells.

    Args:
        found: Its files.
        schema: Of the first of them; only sets that were built of scenes are asked for.
        settings: For folders, hubs, and whether anything may be fetched.
        progress: Told how much of the file is here.
        waiting: Called once if another process is fetching the same.
        anew: Whether it shall be asked for again.

    Raises:
        OutputError: If the disk has no room for it or refuses.
    """
    told = (schema.metadata or {}).get(b"emb")
    header = SetHeader.told_by(told) if told else None
    if header is None or header.pixels != PIXELS:
        return None
    try:
        if found.paths:
            return _here(found.paths)
        path = _fetched(found, settings, progress, waiting, anew=anew)
        if path is None:
            return None
        return SceneRefs(refs=tuple(map(public_ref, read_scenes(path).values())))
    except OutputError:
        raise
    except EexError as error:
        what = "Where the scenes of the set are is not told, so there will be no pictures of tiles"
        _LOGGER.warning("%s: %s", what, error)
        return None


def _here(paths: Sequence[Path]) -> SceneRefs | None:
    path = scenes_name(paths)
    path = path if path is not None and path.is_file() else find_scenes(paths[0])
    if path is None:
        return None
    refs = tuple(whole_ref(ref, path.absolute().parent) for ref in read_scenes(path).values())
    return SceneRefs(refs=refs, source=Source(name=str(path), size=path.stat().st_size))


def _fetched(
    found: Found,
    settings: Settings,
    progress: FileProgress,
    waiting: Callable[[], None] | None,
    *,
    anew: bool,
) -> Path | None:
    """Have the file here, as it is at the commit of the rows; None if there is none."""
    file = _file(found)
    if file is None:
        return None
    _forget_older(found, file)
    alone = replace(found, files=(file,))
    (path,), _ = have_files(alone, settings, progress=progress, waiting=waiting, anew=anew)
    return path


def _file(found: Found) -> WeightFile | None:
    if found.home is None:
        parts = [urlsplit(file.name) for file in found.files]
        name = scenes_name([PurePosixPath(part.path) for part in parts])
        if name is None or any(part.query for part in parts):  # such as one with a signature
            return None
        return WeightFile(name=urlunsplit(parts[0]._replace(path=str(name))))
    name = scenes_name([PurePosixPath(file.name) for file in found.files])
    listed = () if found.listing is None else found.listing.files
    there = [file for file in listed if name is not None and file.name == str(name)]
    return WeightFile(name=there[0].name, sha256=there[0].sha256) if there else None


def _forget_older(found: Found, file: WeightFile) -> None:
    """Remove the file of another commit: hubs tell no checksum of small files."""
    receipt = None if found.folder is None else read_receipt(found.folder)
    got = None if receipt is None else receipt.files.get(file.name)
    if got is None or found.folder is None or not found.commit or got.commit in {"", found.commit}:
        return
    (found.folder / got.name).unlink(missing_ok=True)
