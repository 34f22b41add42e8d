"""What a user means by the word for a set: a name, a hub's id, an address, a path.

The same word means the same set everywhere: `eex open`, `--set`, `eex.open_set`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal
from urllib.parse import unquote, urlsplit

from eex.catalog.load import NAME, REPO
from eex.catalog.records import SetFile, SetRecord
from eex.errors import BadQueryError, UnknownNameError
from eex.files import user_path
from eex.registry import unknown_name
from eex.weights.hubs import HUGGINGFACE
from eex.weights.records import Home, Hub

Kind = Literal["hub", "url", "path"]
"""Where the files of a target lie."""

ALL_FILES = "**.parquet"
"""The files of a repository that no catalogue knows."""

USUAL = {"main", ALL_FILES}
"""Branch and files that a hub's id means when it says nothing else."""

SUFFIXES = (".parquet", ".geoparquet")
"""How files of sets end."""

PARQUET = b"PAR1"
"""How they begin."""

PREFIXES: Mapping[str, Hub] = {
    "hf://datasets/": "huggingface",
    "hf:": "huggingface",
    "huggingface:": "huggingface",
    "modelscope:": "modelscope.cn",
    "modelscope.cn:": "modelscope.cn",
    "modelscope.ai:": "modelscope.ai",
}
"""How a hub's id may begin, and which hub that is."""

_DATASET_PAGE = re.compile(r"/datasets/([^/]+/[^/]+)(?:/tree/([^/]+))?/?")


@dataclass(frozen=True, kw_only=True)
class Target:
    """One set that can be opened."""

    kind: Kind
    """Where its files lie."""
    record: SetRecord
    """What is known of it; of one that no catalogue knows, only where it lies."""
    known: bool = False
    """Whether a catalogue has it."""
    hub: Hub | None = None
    """Hub that the word itself named."""

    @property
    def identity(self) -> str:
        """What tells it from other sets, whatever it is called."""
        if self.kind == "hub":
            home = self.record.homes[0]
            if self.known:  # a repository can have several sets
                return f"hub {home.repo.lower()} {self.record.name}"
            own = [home.revision, *(file.name for file in self.record.files)]
            return " ".join(["hub", home.repo.lower(), *(n for n in own if n not in USUAL)])
        return f"{self.kind} " + " ".join(file.name for file in self.record.files)


def looks_like_path(text: str) -> bool:
    """Whether a word is meant as a path, not as a name."""
    begins = text.startswith(("/", "./", "../", "~", ".\\", "..\\"))
    return "://" not in text and (begins or text.lower().endswith(SUFFIXES))


def target_of(
    text: str | Path, records: Mapping[str, SetRecord], *, others: tuple[str, ...] = ()
) -> Target:
    """Return the set that a word means.

    Args:
        text: Name of a record, `org/name` at a hub (also `hf://datasets/org/name`,
            `modelscope:org/name`, each with `@revision` and a file's path there), address of a
            Parquet file, or path of a file or folder.
        records: The catalogue.
        others: Further names that are known, for the hint of an error.

    Raises:
        UnknownNameError: If no set is called that; the hint has the nearest name.
        BadQueryError: If it cannot be a path or an address.
    """
    if isinstance(text, Path):
        return path_target(_readable(user_path(text)))
    if _file_at_hub(text):
        return _hub_target(text, None, records)
    if looks_like_path(text):
        return path_target(_readable(user_path(text)))
    if text in records:
        record = records[text]
        return Target(kind=_kind_of(record), record=record, known=True)
    if ":" in text or REPO.fullmatch(text.partition("@")[0]):
        found = _afar(text, records)
        if found is not None:
            return found
    here = Path(text)
    if "/" in text or "\\" in text or here.is_dir() or (here.suffix and here.is_file()):
        return path_target(_readable(user_path(text)))
    error = unknown_name("set", text, tuple(dict.fromkeys((*others, *records))))
    hint = f"{error.hint} Or give a hub's org/name, an address or a path of a .parquet file."
    raise UnknownNameError(str(error), hint=hint, **error.details)


def _file_at_hub(text: str) -> bool:
    """Whether a word is `org/name/path/of/file.parquet`, and nothing here begins so."""
    first, _, rest = text.partition("/")
    name, slash, file = rest.partition("/")
    repo = f"{first}/{name.partition('@')[0]}"
    named = bool(slash) and bool(REPO.fullmatch(repo)) and file.lower().endswith(SUFFIXES)
    return named and ":" not in text and not Path(first).exists()


def _afar(text: str, records: Mapping[str, SetRecord]) -> Target | None:
    """Return the set that a hub's id or an address means; None for a path that looks like one."""
    if text.startswith("hf://") and not text.startswith("hf://datasets/"):
        message = f"{text[:80]!r} is not the address of a data set."
        hint = f"Data sets are at hf://datasets/{text.removeprefix('hf://').lstrip('/')[:80]}"
        raise BadQueryError(message, hint=hint)
    for prefix, hub in PREFIXES.items():
        if text.startswith(prefix):
            return _hub_target(text.removeprefix(prefix), hub, records)
    if "://" in text:
        return _url_target(text, records)
    known = _by_repository(text, records)
    repo = text.partition("@")[0]  # a revision may follow
    if known is not None or not REPO.fullmatch(repo) or Path(text).exists():
        return known
    return _hub_target(text, None, records)


def path_target(path: Path) -> Target:
    """Return the set that lies at a path."""
    name = path.stem if path.suffix.lower() in SUFFIXES else path.name
    record = SetRecord(
        name=safe_name(name), title=name, files=(SetFile(name=str(path.absolute())),)
    )
    return Target(kind="path", record=record)


def _readable(path: Path) -> Path:
    """Return a path, if it is not that of a file of another kind.

    Raises:
        BadQueryError: If it is.
    """
    if path.suffix.lower() not in SUFFIXES and path.is_file():
        with suppress(OSError), path.open("rb") as file:
            if file.read(len(PARQUET)) != PARQUET:
                message = f"{path} is no Parquet file; no others are read."
                hint = "Convert it to GeoParquet; docs/guide/products.md says what is read."
                raise BadQueryError(message, hint=hint)
    return path


def safe_name(text: str) -> str:
    """Return a word as sets can be called."""
    safe = re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-._")[:80]
    return safe if NAME.fullmatch(safe) else "set"


def checked_as(name: str) -> str:
    """Return a name that a user gives a set.

    Raises:
        BadQueryError: If no set can be called that.
    """
    if not NAME.fullmatch(name) or name.endswith(SUFFIXES):
        message = f"A set cannot be called {name[:80]!r}."
        hint = f"Use lower-case letters, digits, '.', '_' and '-': {safe_name(name)}."
        raise BadQueryError(message, hint=hint)
    return name


def with_hub(record: SetRecord, hub: Hub) -> SetRecord:
    """Return a record of a hub's repository that has a home at another hub too."""
    if not record.homes or any(home.hub == hub for home in record.homes):
        return record
    home = replace(record.homes[0], hub=hub, revision="main")
    return replace(record, homes=(*record.homes, home))


def _kind_of(record: SetRecord) -> Kind:
    if record.homes:
        return "hub"
    return "url" if all("://" in file.name for file in record.files) else "path"


def _hub_target(text: str, hub: Hub | None, records: Mapping[str, SetRecord]) -> Target:
    """Return the set of a repository: `org/name`, with `@revision`, with `/path/of/file`."""
    parts = text.split("/")
    repo, _, revision = "/".join(parts[:2]).partition("@")
    file = "/".join(parts[2:])
    if not REPO.fullmatch(repo):
        message = f"{text[:80]!r} is not a data set at a hub."
        hint = "Give it as org/name, as hf://datasets/org/name or as modelscope:org/name."
        raise BadQueryError(message, hint=hint)
    known = None if file or revision else _by_repository(repo, records)
    if known is not None:
        return replace(known, hub=hub)
    home = Home(hub=hub or "huggingface", repo=repo, kind="dataset", revision=revision or "main")
    name = PurePosixPath(file).stem if file else repo.partition("/")[2]
    record = SetRecord(
        name=safe_name(name),
        title=repo,
        homes=(home,),
        files=(SetFile(name=file or ALL_FILES),),
    )
    return Target(kind="hub", record=record, hub=hub)


def _by_repository(repo: str, records: Mapping[str, SetRecord]) -> Target | None:
    for record in records.values():
        if any(home.repo.lower() == repo.lower() for home in record.homes):
            return Target(kind="hub", record=record, known=True)
    return None


def _url_target(text: str, records: Mapping[str, SetRecord]) -> Target:
    parts = urlsplit(text)
    page = _DATASET_PAGE.fullmatch(parts.path)
    hubs: dict[str, Hub] = {
        "modelscope.cn": "modelscope.cn",
        "www.modelscope.cn": "modelscope.cn",
        "modelscope.ai": "modelscope.ai",
        "www.modelscope.ai": "modelscope.ai",
    }
    hubs[urlsplit(HUGGINGFACE).netloc] = "huggingface"
    if parts.netloc in hubs and page is not None:
        revision = f"@{page[2]}" if page[2] else ""
        return _hub_target(f"{page[1]}{revision}", hubs[parts.netloc], records)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        message = f"{text[:80]!r} is not an address that a set can be opened from."
        raise BadQueryError(message, hint="Give http(s)://host/path/file.parquet, without a login.")
    name = PurePosixPath(unquote(parts.path)).stem or parts.hostname
    record = SetRecord(name=safe_name(name), title=name, files=(SetFile(name=text),))
    return Target(kind="url", record=record)
