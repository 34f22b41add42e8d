"""A set as a repository of data on a hub: card, Parquet files, STAC collection.

    README.md               the card, see `eex.build.card`
    collection.json         the STAC collection
    data/NAME-00000-of-00003.parquet
    data/NAME.scenes.json   where the scenes are, for pictures of tiles

Nothing that only means something on this machine goes there: paths of files are refused in rows and
left out of links and of what is said of scenes.
"""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from eex.build.append import header_at
from eex.build.card import Card
from eex.build.collection import collection_path, is_collection_of
from eex.build.public import FAR, public_address, public_ref
from eex.embeddings import SetHeader
from eex.errors import (
    BadQueryError,
    EexError,
    MissingExtraError,
    OfflineError,
    UnavailableError,
)
from eex.files import atomic_folder, guarded, scratch_folder
from eex.sources.beside import SUFFIX, find_scenes, read_scenes, scenes_text

if TYPE_CHECKING:
    import pyarrow.parquet as pq

    from eex.config import Settings
    from eex.encoders.base import EncoderSpec
    from eex.sources.refs import Ref

FILE_BYTES = 500_000_000
"""Size of a Parquet file, about; hubs show and convert files of this size."""

NETWORK = {"ConnectionError", "TransportError", "Timeout", "TimeoutError"}
"""Classes of errors of the network, of the standard library and of those that ask for the hub."""

_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")


class HubApi(Protocol):
    """What is used of `huggingface_hub.HfApi`."""

    def create_repo(self, repo_id: str, **more: Any) -> Any:  # noqa: ANN401
        """Make a repository unless it is there."""
        ...

    def upload_folder(self, **more: Any) -> Any:  # noqa: ANN401
        """Upload a folder as one commit."""
        ...


@dataclass(frozen=True, kw_only=True)
class Published:
    """What was published, or would be."""

    repo: str
    """Where, owner/name."""
    files: tuple[tuple[str, int], ...]
    """Each file's path there, and its bytes; of Parquet files that are yet to be cut, about."""
    licence: str = ""
    """What the set states; empty if nothing."""
    url: str = ""
    """Of the repository, once it is there."""

    @property
    def bytes(self) -> int:
        """Bytes of all files."""
        return sum(size for _, size in self.files)


def publish(
    path: Path,
    repo: str,
    *,
    settings: Settings,
    dry_run: bool = False,
    to: Path | None = None,
    private: bool = False,
    api: HubApi | None = None,
) -> Published:
    """Publish a set that was built here.

    Args:
        path: The GeoParquet file.
        repo: Owner and name of a repository of data.
        settings: Whether anything may be sent.
        dry_run: Only say what would be there; nothing is written or sent.
        to: A folder to make it in, and to leave it; nothing is sent.
        private: Whether a repository that is made is private.
        api: Of the hub; `huggingface_hub.HfApi` by default, with its own way to tokens.

    Raises:
        BadQueryError: If the set names files of this machine, or the repository's name is none.
        DamagedSetError: If the set does not say how it was made.
        MissingExtraError: If huggingface_hub is not installed.
        UnavailableError: If the hub refuses or does not answer.
        OutputError: If the folder cannot be written.
    """
    if not _REPO.fullmatch(repo):
        message = f"{repo!r} is not a repository's name."
        raise BadQueryError(message, hint="Give owner/name, such as --repo me/kanto-remoteclip.")
    layout = _Layout(path, repo)
    if dry_run:
        return layout.told()
    if to is not None:
        if to.exists():
            message = f"{to} is there already."
            raise BadQueryError(message, hint="Give a new folder.")
        with guarded(f"writing {to}"), atomic_folder(to.absolute()) as folder:
            return layout.write(folder)
    if settings.offline:
        message = "Nothing may be sent: HF_HUB_OFFLINE is set."
        raise OfflineError(message, hint="Unset it, or make a folder with --to.")
    hub = _hub(settings) if api is None else api
    with guarded(f"writing beside {path}"), scratch_folder(path) as folder:
        made = layout.write(folder)
        url = _sent(hub, folder, repo, private=private)
    return replace(made, url=url)


class _Layout:
    """What the repository holds."""

    def __init__(self, path: Path, repo: str) -> None:
        import pyarrow.parquet as pq

        self.path, self.repo = path, repo
        self.header = header_at(path)
        self.footer: pq.FileMetaData = pq.read_metadata(path)
        self.schema = pq.read_schema(path)
        self._check_places()
        beside = collection_path(path)
        self.collection: dict[str, Any] = {}
        with suppress(FileNotFoundError, ValueError):
            record = json.loads(beside.read_bytes())
            if isinstance(record, dict) and is_collection_of(record, path):
                self.collection = record
        self.scenes = self._public_scenes()
        groups = self.footer.num_row_groups
        sizes = [_group_bytes(self.footer, i) for i in range(groups)]
        files = max(1, min(groups, math.ceil(sum(sizes) / FILE_BYTES)))
        bounds = [round(i * groups / files) for i in range(files + 1)]
        self.cuts = list(itertools.pairwise(bounds))
        self.sizes = [sum(sizes[low:high]) for low, high in self.cuts]

    def told(self) -> Published:
        one = len(self.cuts) == 1
        sizes = [self.path.stat().st_size] if one else self.sizes
        files = [(name, len(text.encode())) for name, text in self._texts()]
        files += list(zip(self._names(), sizes, strict=True))
        return Published(repo=self.repo, files=tuple(files), licence=self.header.licence)

    def write(self, folder: Path) -> Published:
        import shutil

        (folder / "data").mkdir()
        for name, text in self._texts():
            (folder / name).write_text(text, encoding="utf-8")
        for name, (low, high) in zip(self._names(), self.cuts, strict=True):
            if len(self.cuts) == 1:
                shutil.copyfile(self.path, folder / name)
            else:
                self._cut(folder / name, low, high)
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        told = [(path.relative_to(folder).as_posix(), path.stat().st_size) for path in files]
        return Published(repo=self.repo, files=tuple(told), licence=self.header.licence)

    def _names(self) -> list[str]:
        stem, count = self.path.stem, len(self.cuts)
        if count == 1:
            return [f"data/{stem}.parquet"]
        return [f"data/{stem}-{i:05d}-of-{count:05d}.parquet" for i in range(count)]

    def _texts(self) -> Iterator[tuple[str, str]]:
        yield "README.md", self._card()
        if self.collection:
            text = json.dumps(self._public_collection(), ensure_ascii=False, indent=1)
            yield "collection.json", f"{text}\n"
        if self.scenes:
            yield self._scenes_file(), scenes_text(self.scenes)

    def _scenes_file(self) -> str:
        return f"data/{self.path.stem}{SUFFIX}" if self.scenes else ""

    def _public_scenes(self) -> list[Ref]:
        """Return where the scenes are that rows name, as far as others can reach them."""
        beside = find_scenes(self.path)
        if self.header.pixels != "scenes" or beside is None:
            return []
        named = {*self._distinct("scene")}
        return [public_ref(ref) for ref in read_scenes(beside).values() if ref.id in named]

    def _card(self) -> str:
        geo = json.loads(self.footer.metadata[b"geo"])["columns"]["geometry"]
        extent = self.collection.get("extent", {})
        interval = extent.get("temporal", {}).get("interval", [[None, None]])
        vectors = str(self.schema.field("embedding").type.value_type)
        scenes = self._distinct("scene")
        return Card(
            header=self.header,
            spec=_spec(self.header),
            rows=self.footer.num_rows,
            dtype={"halffloat": "float16", "float": "float32"}.get(vectors, vectors),
            repo=self.repo,
            file=self._names()[0],
            bbox=tuple(geo["bbox"]),
            interval=(interval[0][0], interval[0][1]),
            sources=len(scenes),
            scenes_file=self._scenes_file(),
        ).text()

    def _public_collection(self) -> dict[str, Any]:
        """Return the collection with what means something elsewhere."""
        record = dict(self.collection)
        links = [
            link | {"href": href}
            for link in record["links"]
            if (href := _public_link(str(link["href"])))
        ]
        if not any(link["rel"] == "emb:source-data" for link in links):
            links.append({"rel": "emb:source-data", "href": "#"})
        record["links"] = links
        about = {k: v for k, v in record["assets"]["embeddings"].items() if k != "file:size"}
        names = self._names()
        keys = [f"embeddings-{i:05d}" for i in range(len(names))]
        keys = ["embeddings"] if len(names) == 1 else keys
        record["assets"] = {
            key: about | {"href": f"./{name}"} for key, name in zip(keys, names, strict=True)
        }
        return record

    def _cut(self, path: Path, low: int, high: int) -> None:
        """Write some row groups, with the box of their own tiles."""
        import pyarrow.parquet as pq

        from eex.geoparquet.write import ROW_GROUP, parquet_writer

        with pq.ParquetFile(self.path) as file:
            table = file.read_row_groups(range(low, high))
        geo = json.loads(self.footer.metadata[b"geo"])
        box = table["bbox"].combine_chunks().flatten()
        west, south, east, north = (column.to_numpy() for column in box)
        if (west <= east).all():
            edges = [west.min(), south.min(), east.max(), north.max()]
            geo["columns"]["geometry"]["bbox"] = [round(float(edge), 7) for edge in edges]
        metadata = {b"geo": json.dumps(geo).encode(), b"emb": self.header.to_json().encode()}
        table = table.replace_schema_metadata(metadata)
        encoding = geo["columns"]["geometry"]["encoding"].lower()
        with parquet_writer(path, table.schema, encoding) as writer:
            writer.write_table(table, row_group_size=ROW_GROUP)

    def _check_places(self) -> None:
        for url in self._distinct("parquet_url"):
            if url and not url.lower().startswith(FAR):
                message = f"Rows name a file of this machine: {url}."
                hint = "Build from addresses of shards, so that others can read pixels too."
                raise BadQueryError(message, hint=hint)
            if public_address(url) != url:
                where = public_address(url) or "an address with a password"
                message = f"Rows name addresses that may lend your right to read: {where}."
                hint = "Build from addresses without a password or a signature."
                raise BadQueryError(message, hint=hint)

    def _distinct(self, column: str) -> list[str]:
        import pyarrow.parquet as pq

        if column not in self.schema.names:
            return []
        told = pq.read_table(self.path, columns=[column])[column].unique().to_pylist()
        return [str(one) for one in told if one is not None]


def _public_link(href: str) -> str:
    return href if href.startswith("#") else public_address(href)


def _group_bytes(footer: pq.FileMetaData, number: int) -> int:
    group = footer.row_group(number)
    return sum(group.column(i).total_compressed_size for i in range(group.num_columns))


def _spec(header: SetHeader) -> EncoderSpec | None:
    from eex.encoders.open import encoder_spec

    with suppress(EexError):
        return encoder_spec(header.model)
    return None


def _hub(settings: Settings) -> HubApi:
    try:
        from huggingface_hub import HfApi
    except ImportError as error:
        message = "Publishing needs huggingface_hub, which is not installed."
        hint = "pip install 'earth-embedding-explorer[publish]'; or make a folder with --to."
        raise MissingExtraError(message, hint=hint) from error
    api: Any = HfApi(endpoint=settings.hub_endpoint, token=settings.hub_token or None)
    return api


def _unreached(error: Exception) -> bool:
    """Whether nothing answered; httpx, its successors and requests call that so."""
    return any(base.__name__ in NETWORK for base in type(error).__mro__)


def _sent(hub: HubApi, folder: Path, repo: str, *, private: bool) -> str:
    try:
        made = hub.create_repo(repo, repo_type="dataset", exist_ok=True, private=private)
        hub.upload_folder(
            repo_id=repo,
            folder_path=str(folder),
            repo_type="dataset",
            commit_message="Embeddings by Earth Embedding Explorer",
            delete_patterns=["data/*.parquet", f"data/*{SUFFIX}"],  # of an older cut or name
        )
    except EexError:
        raise
    except Exception as error:
        reason = str(error).strip().partition("\n")[0]
        if _unreached(error):
            message = f"The hub cannot be reached: {reason or type(error).__name__}."
            hint = "Check the network; --to makes the folder without it."
            raise UnavailableError(message, hint=hint) from error
        message = f"The hub does not take {repo}: {(reason or type(error).__name__).rstrip('.')}."
        hint = "Sign in with `hf auth login` or HF_TOKEN, and check the owner's name."
        raise UnavailableError(message, hint=hint) from error
    return str(made)
