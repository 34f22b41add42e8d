"""Scenes of GeoTIFFs of one's own: folders, files, addresses.

A file with several bands is a scene. Files with one band each are brought together by their
names: `T33UWP_20250330T100051_B04_10m.tif`, or `B04.tif` in a folder of its own, as Major TOM's
samples are unpacked. Names also say the product and the day. No pixels are read, and headers only
where they are needed: for names of bands, and for where a file lies if an area is asked for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from eex.errors import BadQueryError, SourceError
from eex.files import user_path
from eex.sources.headers import Header, header_far, header_here, is_tiff, no_geotiff
from eex.sources.names import BANDS, band_name, pass_of, product_in, taken
from eex.sources.parquet import check_read_here, client_of, is_address
from eex.sources.refs import Asset, Listed, Ref, SceneRef
from eex.sources.stac_items import COPERNICUS, COPERNICUS_TERMS
from eex.sources.wanted import Wanted
from eex.stopping import check_stopped

if TYPE_CHECKING:
    from eex.config import Settings
    from eex.remote.client import RemoteClient

SUFFIXES = (".tif", ".tiff")
"""Names of GeoTIFFs, in any case."""

OTHER_RASTERS = (".jp2", ".vrt", ".img", ".nc", ".hdf", ".h5", ".zarr", ".ecw", ".sid", ".grib")
"""Names of pixels in formats that are not read."""

LIST = ".txt"
"""Name of a file with one path or address a line."""

CLOUD_MASK = "cloud_mask"
"""Band of clouds of Major TOM's samples."""

RGB = ("B04", "B03", "B02")
"""Bands that an example names."""

USUAL = {12: tuple(band for band in BANDS if band != "B10"), 13: BANDS}
"""Bands of files that do not say any, by how many they are: those of L2A and of L1C."""

MOST_FILES = 1_000_000
"""Most files of one listing."""

_ONE_BAND = re.compile(
    r"(?:(?P<head>.+)[_.\-])?(?P<band>B\d{1,2}|B8A|SCL|cloud_mask)(?:[_-](?P<metres>\d{2})m)?",
    re.IGNORECASE,
)
_DAY = re.compile(r"(?<!\d)(\d{4})-?(\d\d)-?(\d\d)(?:T(\d\d)(\d\d)(\d\d))?(?!\d)")
_LAST_YEAR = 2100
_FIRST_YEAR = 1972


@dataclass(kw_only=True)
class _Scene:
    """Files that are one scene."""

    place: str
    """Path or address of its file, or of its folder and the beginning of its files' names."""
    name: str
    """What its files are called, without the band."""
    files: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Band -> metres and file; empty if one file has all bands."""
    whole: str = ""
    """The file, if one file has all bands."""


class FolderSource:
    """Scenes of GeoTIFFs."""

    name = "folder"

    def __init__(
        self,
        settings: Settings,
        *,
        paths: Sequence[str | Path] | str | Path,
        wanted: Wanted | None = None,
        bands: Sequence[str] | str = (),
        skip: bool = False,
        licence: str = "",
        attribution: str = "",
    ) -> None:
        """Nothing is read before `refs`.

        Args:
            settings: Whether anything may be fetched.
            paths: Folders, which are searched through, files, addresses of files, or *.txt files
                with one of these a line.
            wanted: Which scenes; all by default.
            bands: Names of the bands of files with several, in their order, such as B04,B03,B02;
                by default their own names, or the usual ones of 12 and 13 bands.
            skip: Leave out what is no GeoTIFF, rather than to refuse it.
            licence: Of the pixels; that of Copernicus for Sentinel-2 products by default.
            attribution: Credit line of the pixels.

        Raises:
            BadQueryError: If no path is given, or a band is named twice.
        """
        given = [paths] if isinstance(paths, str | Path) else list(paths)
        self._paths = [str(path) for path in given]
        names = [b.strip() for b in bands.split(",")] if isinstance(bands, str) else list(bands)
        self._bands = tuple(name for name in names if name)
        self._settings, self._wanted, self._skip = settings, wanted or Wanted(), skip
        self._licence, self._attribution = licence, attribution
        if not self._paths:
            message = "No folder or file of GeoTIFFs is given."
            raise BadQueryError(message, hint="Give folders, files or addresses.")
        if len(set(self._bands)) < len(self._bands):
            message = f"A band is named twice: {', '.join(self._bands)}."
            raise BadQueryError(message, hint="Name each band of the files once, in their order.")
        more = f" and {len(self._paths) - 1} more" if len(self._paths) > 1 else ""
        self.title = f"Scenes of {PurePosixPath(self._paths[0]).name or self._paths[0]}{more}"

    def asked(self) -> dict[str, Any]:
        """Return what is asked for, as JSON."""
        told: dict[str, Any] = {"source": self.name, "paths": self._paths, **self._wanted.asked()}
        own = {"bands": list(self._bands), "skip": self._skip, "licence": self._licence}
        own["attribution"] = self._attribution
        return told | {name: value for name, value in own.items() if value}

    def refs(self, *, listed: Listed | None = None) -> list[Ref]:
        """Return the scenes, in order of time, then name.

        Raises:
            SourceError: If there is none, a file is no GeoTIFF, or does not say its bands.
            MissingExtraError: If headers must be read and rasterio is not installed.
            RemoteError: If an address must be read and cannot be.
        """
        scenes = _grouped(self._files())
        if not scenes:
            message = f"There is no GeoTIFF in {', '.join(self._paths)[:200]}."
            raise SourceError(message, hint="Files are named *.tif or *.tiff.")
        names = _ids(scenes)
        client = client_of(self._settings)
        found: list[SceneRef] = []
        try:
            for scene in scenes:
                check_stopped()
                ref = self._ref(scene, names[scene.place], client)
                if ref is not None and self._wanted.takes(ref):
                    found.append(ref)
                if listed is not None:
                    listed(len(found), len(scenes))
        finally:
            client.close()
        return list(self._wanted.chosen(found))

    def _files(self) -> Iterator[str]:
        """Yield all files, each once, in order of what was given, then name."""
        seen: dict[str, None] = {}
        for path in self._paths:
            for file in self._below(path):
                if len(seen) >= MOST_FILES:
                    message = f"There are more than {MOST_FILES:,} files."
                    raise SourceError(message, hint="Build one part after the other.")
                if file not in seen:
                    seen[file] = None
                    yield file

    def _below(self, given: str, *, deep: bool = True) -> Iterator[str]:
        """Yield the GeoTIFFs that a path stands for."""
        if is_address(given):
            yield given
            return
        check_read_here(given)
        path = user_path(given).absolute()
        if path.is_dir():
            for folder, inner, names in os.walk(path):
                inner[:] = sorted(name for name in inner if not name.startswith("."))
                for name in sorted(names):
                    file = Path(folder) / name
                    if self._is_wanted(file):
                        yield str(file)
        elif deep and path.suffix.lower() == LIST:
            for line in _lines(path):
                yield from self._below(_beside(path, line), deep=False)
        elif not path.is_file():
            message = f"There is no file or folder {path}."
            raise SourceError(message, hint="Check the path.")
        elif self._is_tiff(path):
            yield str(path)

    def _is_wanted(self, file: Path) -> bool:
        """Whether a file in a folder is a GeoTIFF; others of pixels are refused, or passed over."""
        suffix = file.suffix.lower()
        if file.name.startswith(".") or suffix not in (*SUFFIXES, *OTHER_RASTERS):
            return False
        return self._is_tiff(file)

    def _is_tiff(self, file: Path) -> bool:
        try:
            with file.open("rb") as opened:
                good = is_tiff(opened.read(4))
        except OSError as error:
            message = f"{file} cannot be read: {error.strerror or error}."
            raise SourceError(message, hint="Check the path, and who may read it.") from error
        if not good and not self._skip:
            raise no_geotiff(str(file))
        return good

    def _ref(self, scene: _Scene, name: str, client: RemoteClient) -> SceneRef | None:
        first = scene.whole or min(scene.files.values())[1]
        header: Header | None = None
        size = 0
        if (scene.whole and not self._bands) or self._wanted.area is not None:
            try:
                if is_address(first):
                    header, size = header_far(first, client)
                else:
                    header = header_here(Path(first))
            except SourceError:
                if self._skip:
                    return None
                raise
        bands = self._assets(scene, header, size)
        path = unquote(urlsplit(first).path) if is_address(first) else Path(first).as_posix()
        product = product_in(path)
        when = taken(path) or _day_in(scene.name)
        sentinel2 = bool(product)
        credit = COPERNICUS.format(year=f" {when.year}" if when else "") if sentinel2 else ""
        return SceneRef(
            id=name,
            bands=bands,
            product_id=product or name,
            when=when,
            extent=header.footprint if header else "",
            crs=header.crs if header else "",
            transform=header.transform if header else None,
            size=header.size if header else None,
            group=pass_of(product) or (f"{when:%Y%m%d}" if when else ""),
            licence=self._licence or (COPERNICUS_TERMS if sentinel2 else ""),
            attribution=self._attribution or credit,
        )

    def _assets(self, scene: _Scene, header: Header | None, size: int) -> dict[str, Asset]:
        if not scene.whole:
            return {
                band: Asset(href=file, bytes=_size(file))
                for band, (_, file) in sorted(scene.files.items())
            }
        names = self._bands
        if not names:
            assert header is not None
            names = _own_names(header.descriptions, scene.whole)
        size = size or _size(scene.whole)
        return {
            band: Asset(href=scene.whole, index=index, bytes=size)
            for index, band in enumerate(names, start=1)
            if band
        }


def _grouped(files: Iterable[str]) -> list[_Scene]:
    """Return scenes: files of one band that belong together, and files of several."""
    scenes: dict[str, _Scene] = {}
    for file in files:
        folder, _, name = file.partition("?")[0].rpartition("/")
        stem = PurePosixPath(unquote(name)).stem if is_address(file) else Path(file).stem
        match = _ONE_BAND.fullmatch(stem)
        if match is None:
            scenes[file] = _Scene(place=file, name=stem, whole=file)
            continue
        band = band_name(match["band"]) or _as_written(match["band"])
        head = match["head"] or ""
        called = head or PurePosixPath(folder).name
        scene = scenes.setdefault(f"{folder}/{head}", _Scene(place=f"{folder}/{head}", name=called))
        metres = int(match["metres"] or 0)
        there = scene.files.get(band)
        if there is None or metres < there[0]:
            scene.files[band] = (metres, file)
        elif metres == there[0]:
            message = f"{file} and {there[1]} are the same band of one scene."
            raise SourceError(message, hint="Keep one of them.")
    return list(scenes.values())


def _as_written(band: str) -> str:
    return CLOUD_MASK if band.lower() == CLOUD_MASK else band.upper()


def _ids(scenes: Sequence[_Scene]) -> dict[str, str]:
    """Return an id for each scene's place: its name, with as much of its path as tells it apart."""
    taken_by: dict[str, int] = {}
    for scene in scenes:
        taken_by[scene.name] = taken_by.get(scene.name, 0) + 1
    steps = [scene.place.split("/")[:-1] for scene in scenes]
    depth = 0
    while depth < min(map(len, steps)) and len({each[depth] for each in steps}) == 1:
        depth += 1
    found = {}
    for scene in scenes:
        if taken_by[scene.name] == 1:
            found[scene.place] = scene.name
        else:
            inner = "/".join(scene.place.split("/")[depth:]).strip("/")
            found[scene.place] = inner if scene.files else str(PurePosixPath(inner).with_suffix(""))
    if len(set(found.values())) < len(found):  # such as a.tif and a.tiff
        return {place: "/".join(place.split("/")[depth:]) for place in found}
    return found


def _own_names(descriptions: Sequence[str], file: str) -> tuple[str, ...]:
    """Return the names of a file's bands: its own, else the usual ones of 12 or 13 bands."""
    own = tuple(band_name(text) or text.strip() for text in descriptions)
    named = [name for name in own if name]
    if len(named) > 1 and len(set(named)) == 1 and not band_name(named[0]):
        named = []  # one text for all, such as the name of a program, names none
    such = ",".join(RGB[: len(own)]) + ",…" * (len(own) > len(RGB))
    hint = f"Name all {len(own)}, in their order: --bands {such}"
    if len(set(named)) < len(named):
        twice = next(name for name in named if named.count(name) > 1)
        message = f"{file} has several bands called {twice[:60]}."
        raise SourceError(message, hint=hint)
    if named:
        return own
    if len(own) in USUAL:
        return USUAL[len(own)]
    message = f"{file} has {len(own)} bands and does not say which."
    raise SourceError(message, hint=hint)


def _day_in(name: str) -> datetime | None:
    """Return the last day that a name says, with its time if that follows (UTC)."""
    for year, month, day, *clock in reversed(_DAY.findall(name)):
        try:
            hour, minute, second = (int(number or 0) for number in clock)
            when = datetime(int(year), int(month), int(day), hour, minute, second, tzinfo=UTC)
        except ValueError:
            continue
        if _FIRST_YEAR <= when.year <= _LAST_YEAR:
            return when
    return None


def _size(file: str) -> int:
    return 0 if is_address(file) else Path(file).stat().st_size


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        message = f"There is no file {path}."
        raise SourceError(message, hint="Check the path.") from error
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path} cannot be read as a list of files."
        raise SourceError(message, hint="Write one path or address a line, as UTF-8.") from error
    stripped = (line.strip() for line in text.splitlines())
    return [line for line in stripped if line and not line.startswith("#")]


def _beside(own: Path, given: str) -> str:
    """Return a path of a list: relative ones are beside it."""
    return given if is_address(given) else str(own.parent / user_path(given))
