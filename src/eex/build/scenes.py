"""Scenes kept whole: their files are fetched once, and the set then refers to the copies."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from filelock import FileLock

from eex.build.job import UNDONE
from eex.errors import BadQueryError, RemoteError
from eex.files import guarded, put_in_place
from eex.sources.refs import Asset, Listed, Ref, SceneRef

if TYPE_CHECKING:
    from eex.build.asked import Asked, Source
    from eex.config import Settings
    from eex.remote.answers import Stamp
    from eex.remote.client import RemoteClient

CHUNK = 2**23
"""Bytes of a file that are asked for at a time; a file that stopped goes on there."""

Progress = Callable[[str, int, int], None]
"""Called with a file's name, bytes done and bytes in all."""


def keep_scenes(
    refs: Sequence[Ref],
    folder: Path,
    bands: Sequence[str],
    *,
    client: RemoteClient,
    progress: Progress | None = None,
) -> list[Ref]:
    """Fetch the files of scenes; return references to the copies.

    A file that is there is not fetched again; one that was interrupted goes on where it stopped.

    Args:
        refs: Scenes; shards are not kept.
        folder: Where to; each scene has a folder of its id.
        bands: Which bands.
        client: What asks.
        progress: Told how far each file is.

    Raises:
        BadQueryError: If there are shards among them.
        RemoteError: If a file cannot be had.
        OutputError: If it cannot be written.
    """
    kept: list[Ref] = []
    for ref in refs:
        if not isinstance(ref, SceneRef):
            message = "Shards are not kept as scenes; they are read where they are."
            raise BadQueryError(message, hint="Leave --keep-scenes out.")
        assets: dict[str, Asset] = {}
        copies: dict[str, Path] = {}
        for band, asset in ref.bands.items():
            if band not in bands:
                continue
            if not asset.href.startswith(("http://", "https://")):
                assets[band] = asset
                continue
            path = copies.get(asset.href) or _copy_path(folder, ref, asset)
            if asset.href not in copies:
                fetch_whole(client, asset.href, path, progress=progress)
                copies[asset.href] = path
            assets[band] = replace(
                asset, href=str(path.resolve()), bytes=path.stat().st_size, origin=asset.href
            )
        kept.append(replace(ref, bands=assets))
    return kept


def fetch_whole(
    client: RemoteClient, href: str, path: Path, *, progress: Progress | None = None
) -> None:
    """Fetch a file, or what is missing of it; `path` is whole or absent.

    Raises:
        RemoteError: If it cannot be had.
        OutputError: If it cannot be written.
    """
    if path.is_file():
        return
    _, stamp = client.tail(href, 1)
    mark = f"{zlib.crc32(f'{stamp.size} {stamp.etag}'.encode()):08x}"
    part = path.with_name(f".{path.name}.{mark}.part")  # of this very content
    with guarded(f"writing {path}"):
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(lock := f"{part}.lock"):
            if not path.is_file():  # else another build was quicker
                _fetch(client, href, part, stamp, progress)
                put_in_place(part, path)
        Path(lock).unlink(missing_ok=True)


def _fetch(
    client: RemoteClient, href: str, part: Path, stamp: Stamp, progress: Progress | None
) -> None:
    """Fetch what is missing of a file."""
    with part.open("ab") as file:
        while (start := file.tell()) < stamp.size:
            end = min(stamp.size, start + CHUNK)
            (chunk,) = client.ranges(href, [(start, end)], expect=stamp)
            file.write(chunk)
            if progress is not None:
                progress(part.name, end, stamp.size)


def _copy_path(folder: Path, ref: SceneRef, asset: Asset) -> Path:
    """Return where a file is kept: the scene's folder, under its name and a hash of its address.

    Files of several bands may differ in other parts of their addresses than the last.
    """
    name = PurePosixPath(_plain(PurePosixPath(urlsplit(asset.href).path).name))
    mark = sha256(asset.href.encode()).hexdigest()[:8]
    return folder / _plain(ref.id) / f"{name.stem}-{mark}{name.suffix}"


def _plain(name: str) -> str:
    """Return a name that is one part of a path, whatever an address says."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-") or "file"


class KeptScenes:
    """A source whose scenes are fetched whole when it is listed."""

    def __init__(self, source: Source, folder: Path, asked: Asked, settings: Settings) -> None:
        """Keep what is needed; nothing is fetched yet."""
        self.name, self.title = source.name, source.title
        self._source, self._folder, self._asked = source, folder, asked
        self._settings = settings

    def asked(self) -> dict[str, Any]:
        """Return what was asked for, and where scenes are kept."""
        return self._source.asked() | {"keep_scenes": str(self._folder.resolve())}

    def refs(self, *, listed: Listed | None = None) -> list[Ref]:
        """Fetch the scenes; return references to the copies."""
        from eex.build.asked import bands_of
        from eex.remote.client import RemoteClient

        bands = bands_of(self._asked)
        refs = self._source.refs()
        kept: list[Ref] = []
        with closing(RemoteClient(self._settings)) as client:
            for number, ref in enumerate(refs, 1):
                kept += self._kept(ref, bands, client)
                if listed is not None:
                    listed(number, len(refs))
        return kept

    def _kept(self, ref: Ref, bands: Sequence[str], client: RemoteClient) -> list[Ref]:
        """Fetch one scene; one that cannot be had stays where it is: reading it will tell."""
        try:
            return keep_scenes([ref], self._folder, bands, client=client)
        except RemoteError as error:
            if isinstance(error, UNDONE):
                raise
            return [ref]
