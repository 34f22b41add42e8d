"""Where a file is asked for: hubs, mirrors of them, or a folder of the user's own.

Hugging Face and its mirrors keep a file at `{endpoint}/{repo}/resolve/{revision}/{file}`,
ModelScope at `https://{modelscope.cn or .ai}/models/{repo}/resolve/{revision}/{file}`; of data
sets, `{repo}` is `datasets/{repo}` at the former and `models` is `datasets` at the latter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote, urlsplit

from eex.errors import BadQueryError, DownloadError
from eex.files import user_path
from eex.weights.records import Home, WeightFile

if TYPE_CHECKING:
    from eex.config import Settings
    from eex.weights.records import HasWeights

HUGGINGFACE = "https://huggingface.co"
"""Address of Hugging Face."""

MODELSCOPES: Mapping[str, str] = {
    "modelscope.cn": "https://modelscope.cn",
    "modelscope.ai": "https://modelscope.ai",
}
"""Addresses of ModelScope."""

SOURCES = ("huggingface", *MODELSCOPES)
"""Hubs by name."""

COMMIT = re.compile(r"[0-9a-f]{40}")
"""What a commit looks like; other revisions are branches or tags."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a user wants weights from."""

    name: str
    """A hub's name, the address of a mirror, or a path."""
    layout: Literal["huggingface", "modelscope", "local"]
    """How files are found there."""
    endpoint: str = ""
    """Address that paths are put behind; empty for a path."""
    path: Path = Path()
    """File or folder of the user's own."""
    token: str = field(default="", repr=False)
    """Sent to the endpoint, and nowhere else."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """One file at one hub."""

    url: str
    """Where it is asked for."""
    page: str
    """The model's page, for people."""
    listing: str = ""
    """Where checksums are listed, if the hub does not tell them with the file."""
    home: Home
    """Its repository."""
    revision: str
    """Commit or branch that is asked for."""
    file: str
    """Its path there."""
    token: str = field(default="", repr=False)
    """Sent to the host of `url`, and nowhere else."""


def source_of(text: str, settings: Settings) -> Source:
    """Return the source that a user means: a hub's name, a mirror's address, or a path.

    Raises:
        BadQueryError: If it is none of these.
    """
    if text == "huggingface":
        endpoint = checked_address(settings.hub_endpoint, "HF_ENDPOINT")
        return Source(name=text, layout="huggingface", endpoint=endpoint, token=settings.hub_token)
    if text in MODELSCOPES:
        return Source(name=text, layout="modelscope", endpoint=MODELSCOPES[text])
    if "://" in text:
        endpoint = checked_address(text, "The source")
        known = settings.hub_token if endpoint == settings.hub_endpoint else ""
        return Source(name=endpoint, layout="huggingface", endpoint=endpoint, token=known)
    path = user_path(text)
    if not path.exists():
        message = f"{text!r} is no source of weights."
        if len(path.parts) > 1 or path.is_absolute():
            message = f"There is no file or folder {path}."
        hint = f"Give {', '.join(SOURCES)}, the address of a mirror, or a file or folder."
        raise BadQueryError(message, hint=hint)
    return Source(name=str(path), layout="local", path=path)


def checked_address(text: str, what: str) -> str:
    """Return an address without the slash at its end.

    Raises:
        BadQueryError: If it is not one that files can be asked for behind.
    """
    try:
        parts = urlsplit(text)
        whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1)
    except ValueError:
        whole = False
    if not whole or parts.query or parts.fragment or not text.isascii() or " " in text:
        message = f"{what} is {text[:80]!r}, which is not the address of a hub."
        raise BadQueryError(message, hint="Give one such as https://hub.example.org.")
    if parts.username is not None:
        message = f"{what} has a user name in its address."
        raise BadQueryError(message, hint="Give the address without it.")
    return text.rstrip("/")


def home_of(spec: HasWeights, file: WeightFile, source: Source) -> Home:
    """Return the repository that has a file, at a source or else at the file's own hub.

    Raises:
        DownloadError: If no repository there is known.
    """
    wanted = source.name if source.layout == "modelscope" else "huggingface"
    if file.home is not None:
        return file.home
    for home in spec.homes:
        if home.hub == wanted:
            return home
    message = f"No repository of {spec.name} is known at {source.name}."
    hubs = list(dict.fromkeys(home.hub for home in spec.homes))
    listed = f"It is at {', '.join(hubs)}" if hubs else "None is known elsewhere either"
    raise DownloadError(message, hint=f"{listed}; or give a file or folder with --from.")


def origin_of(
    home: Home, file: str, source: Source, settings: Settings, *, revision: str = ""
) -> Origin:
    """Return where a file is asked for.

    Args:
        home: Its repository.
        file: Its path there.
        source: Where the user wants weights from. If `home` is at another hub, that hub is asked.
        settings: For the address of Hugging Face.
        revision: Instead of the one of `home`.
    """
    revision = revision or home.revision
    if home.hub in MODELSCOPES:
        endpoint = MODELSCOPES[home.hub]
        if source.name == home.hub:
            endpoint = source.endpoint
        revision = "master" if revision == "main" else revision
        page = f"{endpoint}/{_path(home)}"
        listing = ""  # of data sets, checksums come with the names of the files (`listing.py`)
        if home.kind == "model":
            listing = (
                f"{endpoint}/api/v1/models/{quote(home.repo)}/repo/files"
                f"?Revision={quote(revision, safe='')}&Recursive=true"
            )
        return Origin(
            url=f"{page}/resolve/{quote(revision, safe='')}/{quote(file)}",
            page=page,
            listing=listing,
            home=home,
            revision=revision,
            file=file,
        )
    if source.layout != "huggingface":
        source = source_of("huggingface", settings)
    page = f"{source.endpoint}/{_path(home)}"
    return Origin(
        url=f"{page}/resolve/{quote(revision, safe='')}/{quote(file)}",
        page=page,
        home=home,
        revision=revision,
        file=file,
        token=source.token,
    )


def endpoint_of(origin: Origin) -> str:
    """Return the address of the hub itself, that what it can be asked lies behind."""
    return origin.page[: origin.page.rindex(f"/{_path(origin.home)}")]


def page_of(home: Home) -> str:
    """Return the page of a repository, for people."""
    if home.hub in MODELSCOPES:
        return f"{MODELSCOPES[home.hub]}/{_path(home)}"
    return f"{HUGGINGFACE}/{_path(home)}"


def is_commit(revision: str) -> bool:
    """Whether a revision stands for one content for ever."""
    return COMMIT.fullmatch(revision) is not None


def _path(home: Home) -> str:
    """Return where the page of a repository lies at its hub."""
    kind = f"{home.kind}s/" if home.kind == "dataset" or home.hub in MODELSCOPES else ""
    return f"{kind}{quote(home.repo)}"
