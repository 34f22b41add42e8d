"""Image shards of Major TOM: files here, addresses, or all of a repository at a hub.

Which samples of a shard are wanted is told by the metadata table (`metadata.parquet` of the
repository), else by the shard's own columns, which do not say clouds. Pixels stay where they are.

Source:
    Francis and Czerkawski, "Major TOM: Expandable Datasets for Earth Observation", IGARSS 2024,
    arXiv:2402.12095; Major-TOM/Core-S2L2A on Hugging Face: one sample a row group, `parquet_row`
    its number in its file, `cloud_cover` in percent.
"""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from eex.errors import BadQueryError, OfflineError, SourceError
from eex.files import user_path
from eex.sources.parquet import Table, check_read_here, is_address, opened
from eex.sources.refs import Listed, Ref, ShardRef
from eex.sources.samples import Sample, samples_of_metadata, samples_of_shard
from eex.sources.wanted import Wanted
from eex.stopping import check_stopped

if TYPE_CHECKING:
    from eex.config import Settings

REPOSITORY = "Major-TOM/Core-S2L2A"
"""Sentinel-2 L2A of all land, 2.2 million samples in 4,492 files of 4 GB."""

METADATA = "metadata.parquet"
"""Table of all samples, in the repository."""

LICENCE = "CC-BY-SA-4.0"
"""Licence of Major TOM Core."""

ATTRIBUTION = (
    "Contains modified Copernicus Sentinel data; Major TOM {name}, Francis and Czerkawski (2024), "
    "ESA Φ-lab"
)
"""Credit line of its pixels; the years are in the rows."""

BANDS = ("B02", "B03", "B04")
"""Columns that an image shard has at least."""


@dataclass(frozen=True, kw_only=True)
class _File:
    href: str
    bytes: int = 0
    """0 if not known."""

    @property
    def name(self) -> str:
        """Its last part, such as part_00001.parquet."""
        path = unquote(urlsplit(self.href).path) if is_address(self.href) else self.href
        return PurePosixPath(path).name


class ShardsSource:
    """Samples of image shards of Major TOM."""

    name = "shards"

    def __init__(
        self,
        settings: Settings,
        *,
        paths: Sequence[str | Path] | str | Path = (),
        repo: str = "",
        metadata: str = "",
        wanted: Wanted | None = None,
    ) -> None:
        """Nothing is read before `refs`.

        Args:
            settings: The hub, where footers are kept, and whether anything may be fetched.
            paths: Shards: files, folders, patterns such as images/part_0*.parquet, addresses.
            repo: Instead of `paths`: a repository such as Major-TOM/Core-S2L2A, all of it.
            metadata: The metadata table, a path or an address; of a repository its own by default.
            wanted: Which samples; `most` of them are the least cloudy ones.

        Raises:
            BadQueryError: If neither or both of `paths` and `repo` are given.
        """
        given = [paths] if isinstance(paths, str | Path) else list(paths)
        self._paths = [str(path) for path in given]
        self._repo, self._metadata = repo, str(metadata)
        self._settings, self._wanted = settings, wanted or Wanted()
        if bool(self._paths) == bool(repo):
            message = "Shards are either files, or a repository's."
            raise BadQueryError(message, hint=f"Give files or addresses, or the repo {REPOSITORY}.")
        more = f" and {len(self._paths) - 1} more" if len(self._paths) > 1 else ""
        self.title = f"Samples of {repo or PurePosixPath(self._paths[0]).name + more}"

    def asked(self) -> dict[str, Any]:
        """Return what is asked for, as JSON."""
        told: dict[str, Any] = {"source": self.name, "paths": self._paths, "repo": self._repo}
        told["metadata"] = self._metadata
        return {name: value for name, value in told.items() if value} | self._wanted.asked()

    def refs(self, *, listed: Listed | None = None) -> list[Ref]:
        """Return the shards that have samples that are wanted, in order of their names.

        Raises:
            BadQueryError: If clouds are asked for and nothing says them.
            SourceError: If a file is no image shard, or there is none.
            OfflineError: If something must be fetched and nothing may be.
            DownloadError: If the hub does not list the repository.
            RemoteError: If an address cannot be read.
        """
        files, metadata = self._at_hub() if self._repo else (self._given(), self._metadata)
        if not files:
            message = f"There is no image shard in {self._repo or ', '.join(self._paths)}."
            raise SourceError(message, hint="Shards are named such as part_00001.parquet.")
        names = _ids(files)
        found = self._by_metadata(files, metadata) if metadata else self._by_files(files)
        refs: list[Ref] = []
        for number, (file, rows, size, keep) in enumerate(found, start=1):
            if rows and (keep is None or keep):
                refs.append(self._ref(file, names[file.href], rows, size, keep))
            if listed is not None:
                listed(len(refs), max(number, len(files)))
        return refs

    def _ref(
        self, file: _File, name: str, rows: int, size: int, keep: Sequence[int] | None
    ) -> ShardRef:
        return ShardRef(
            id=name,
            href=file.href,
            rows=rows,
            bytes=file.bytes or size,
            keep=None if keep is None or len(keep) == rows else tuple(keep),
            licence=LICENCE,
            attribution=ATTRIBUTION.format(name=self._repo.rpartition("/")[2] or "Core"),
        )

    def _by_metadata(
        self, files: Sequence[_File], metadata: str
    ) -> Iterator[tuple[_File, int, int, list[int]]]:
        """Yield each file with its rows, its size if known, and the rows that are wanted."""
        by_name = {file.name: file for file in files}
        if len(by_name) < len(files):
            message = "Two shards have one name, so the metadata table does not tell them apart."
            raise SourceError(message, hint="Give those of one repository.")
        rows = dict.fromkeys(by_name, 0)
        kept: list[Sample] = []
        with opened(metadata, self._settings) as table:
            for name, row, sample in samples_of_metadata(table, self._wanted):
                check_stopped()
                if name in rows:
                    rows[name] = max(rows[name], row + 1)
                    if sample is not None:
                        kept.append(sample)
        keep = _rows_of(kept, self._wanted.most)
        if not any(rows.values()):
            message = f"{metadata} tells nothing of these shards."
            raise SourceError(message, hint="Give the metadata table of the same repository.")
        for name, file in by_name.items():
            yield file, rows[name], 0, sorted(keep.get(name, ()))

    def _by_files(
        self, files: Sequence[_File]
    ) -> Iterator[tuple[_File, int, int, list[int] | None]]:
        """Yield the same from the files themselves."""
        wanted = self._wanted
        if wanted.cloud_cover is not None:
            message = "Image shards do not say how cloudy their samples are."
            raise BadQueryError(message, hint=f"Give their table: --metadata {METADATA}.")
        everything = wanted.area is None and wanted.time is None and wanted.season is None
        left = wanted.most
        for file in files:
            check_stopped()
            with opened(file.href, self._settings) as table:
                _check_shard(table)
                rows = table.metadata.num_rows
                keep: list[int] | None = None
                if not everything:
                    keep = [sample.row for sample in samples_of_shard(table, wanted, file.name)]
                if left is not None:
                    keep = (list(range(rows)) if keep is None else keep)[:left]
                    left -= len(keep)
                yield file, rows, table.bytes, keep

    def _given(self) -> list[_File]:
        """Return the files of the paths, in order of their names."""
        found: dict[str, _File] = {}
        for path in self._paths:
            for href in _below(path):
                found[href] = _File(href=href, bytes=0)
        return sorted(found.values(), key=lambda file: (file.name, file.href))

    def _at_hub(self) -> tuple[list[_File], str]:
        """Return the files of a repository, and its metadata table."""
        from eex.weights.answers import NoAnswerError
        from eex.weights.hubs import MODELSCOPES, origin_of, source_of
        from eex.weights.listing import list_files
        from eex.weights.records import Home

        settings = self._settings
        if settings.offline:
            message = f"The files of {self._repo} are not listed: nothing may be fetched."
            raise OfflineError(message, hint="Unset HF_HUB_OFFLINE, or give files.")
        if self._repo.count("/") != 1:
            message = f"{self._repo!r} is no repository at a hub."
            raise BadQueryError(message, hint=f"Such as {REPOSITORY}.")
        hub = "huggingface" if settings.hub not in MODELSCOPES else settings.hub
        home = Home(hub=hub, repo=self._repo, kind="dataset")  # type: ignore[arg-type]
        source = source_of(settings.hub, settings)
        try:
            names = list_files(home, source, settings).files
        except NoAnswerError as error:
            hint = error.hint.replace("another source with --from", "another hub (EEX_HUB)")
            raise NoAnswerError(error.message, hint=hint, **error.details) from error
        found = [
            _File(href=origin_of(home, file.name, source, settings).url, bytes=file.size)
            for file in names
            if file.name.startswith("images/") and file.name.endswith(".parquet")
        ]
        own = any(file.name == METADATA for file in names)
        table = origin_of(home, METADATA, source, settings).url if own else ""
        return found, self._metadata or table


def _check_shard(table: Table) -> None:
    """Refuse a table that is no image shard with one sample a row group."""
    needed = ("grid_cell", "product_id", *BANDS)
    lacking = [name for name in needed if name not in table.schema.names]
    if lacking:
        message = f"{table.label} is no image shard of Major TOM: it lacks {', '.join(lacking)}."
        raise SourceError(message, hint="Image shards are named such as images/part_00001.parquet.")
    if table.metadata.num_rows != table.metadata.num_row_groups:
        message = f"{table.label} has several samples in a row group."
        raise SourceError(message, hint="Shards of Major TOM have one sample a row group.")


def _below(given: str) -> Iterator[str]:
    """Yield the files that a path, a folder, a pattern or an address stands for."""
    if is_address(given):
        yield given
        return
    check_read_here(given)
    path = user_path(given).absolute()
    if path.is_dir():
        yield from (str(file) for file in sorted(path.rglob("part_*.parquet")))
    elif path.is_file():
        yield str(path)
    else:
        matched = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207
        if not matched:
            message = f"There is no file or folder {path}."
            raise SourceError(message, hint="Check the path.")
        yield from (file for file in matched if Path(file).is_file())


def _rows_of(samples: Iterable[Sample], most: int | None) -> Mapping[str, set[int]]:
    """Return the rows that are wanted by file; `most` of all, the least cloudy ones."""
    chosen = list(samples)
    if most is not None and len(chosen) > most:
        chosen = sorted(chosen, key=lambda s: (s.clouds, s.file, s.row))[:most]
    found: dict[str, set[int]] = {}
    for sample in chosen:
        found.setdefault(sample.file, set()).add(sample.row)
    return found


def _ids(files: Sequence[_File]) -> dict[str, str]:
    """Return an id for each file: its name, with its path where two have the same."""
    stems = [PurePosixPath(file.name).stem for file in files]
    return {
        file.href: stem if stems.count(stem) == 1 else file.href
        for file, stem in zip(files, stems, strict=True)
    }
