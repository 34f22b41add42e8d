"""One file, several hubs: which addresses have the same bytes, and in what order they are asked.

Hugging Face and its mirrors keep a data set's file at
`{endpoint}/datasets/{repo}/resolve/{revision}/{file}`, ModelScope at
`https://{www.}modelscope.{cn,ai}/datasets/{repo}/resolve/{revision}/{file}`; `main` there is
`master` here. Published sets keep the same repository names on both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from eex.config import Settings
from eex.errors import BadQueryError
from eex.weights.hubs import COMMIT, HUGGINGFACE, MODELSCOPES, checked_address

BRANCHES = {"huggingface": "main", "modelscope": "master"}
"""What the newest revision is called."""

DOWNLOAD = "download=true"
"""What hubs put behind the addresses that their pages offer; it changes nothing of the bytes."""

_DATASET = re.compile(
    r"/datasets/(?P<repo>[^/?#]+/[^/?#]+)/resolve/(?P<revision>[^/?#]+)/(?P<file>[^?#]+)"
)


@dataclass(frozen=True, kw_only=True)
class HubFile:
    """A file of a data set, wherever it lies."""

    layout: str
    """huggingface or modelscope: what the address was written for."""
    repo: str
    """Repository, owner/name, as written in an address."""
    revision: str
    """Branch, tag or commit."""
    file: str
    """Path inside the repository, as written in an address."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One address that has the bytes."""

    url: str
    """Where they are asked for."""
    own: bool = False
    """Whether the host is one that the user configured, and so may be inside a network."""
    token: str = field(default="", repr=False)
    """Sent to the host of `url`, and nowhere else."""
    hub: bool = False
    """Whether it is a file of a data set at a hub, which other hubs may have too."""


def hub_file(url: str, settings: Settings) -> HubFile | None:
    """Return which file of a data set an address means, None for other addresses."""
    parts = urlsplit(url)
    layout = ""
    if parts.scheme not in {"http", "https"}:
        return None
    base = f"{parts.scheme}://{parts.netloc.lower()}"
    bare = base.replace("://www.", "://")
    rest = parts.path
    for endpoint in (HUGGINGFACE, "https://hf.co", *_endpoints(settings)):
        if url.startswith(f"{endpoint}/") or bare == endpoint:
            layout = "huggingface"
            rest = parts.path.removeprefix(urlsplit(endpoint).path)
            break
    if bare in MODELSCOPES.values():
        layout = "modelscope"
    match = _DATASET.fullmatch(rest)
    if not layout or match is None or parts.query not in {"", DOWNLOAD} or _climbs(rest):
        return None
    return HubFile(layout=layout, **match.groupdict())


def candidates(url: str, settings: Settings) -> list[Candidate]:
    """Return the addresses that have the bytes of one, that of the user's hub first.

    Addresses that are not those of a data set at a hub stand for themselves alone. A commit is
    of one hub, so it is not asked for at another.
    """
    file = hub_file(url, settings)
    if file is None:
        return [Candidate(url=url)]
    chosen = settings.hub
    hubs = ["huggingface", *MODELSCOPES]
    if chosen not in hubs:
        hubs.insert(0, chosen)
    first = [chosen] if chosen in hubs else []
    order = [*first, *(h for h in hubs if h not in first)]
    made = [candidate for hub in order if (candidate := _at(file, hub, settings)) is not None]
    return made or [Candidate(url=url)]


def repository(url: str, settings: Settings) -> str:
    """Return what files of one making have in common in their addresses."""
    file = hub_file(url, settings)
    if file is None:
        return url.rpartition("/")[0]
    return f"{file.repo}/{file.file.rpartition('/')[0]}"


def _climbs(path: str) -> bool:
    """Whether a path leads out of its repository for a server that resolves `..` in it.

    A mirror may be inside a network, and is sent the token.
    """
    steps = re.split(r"[/\\]", unquote(unquote(path)))
    return any(step.partition(";")[0].strip() in {".", ".."} for step in steps)


def _endpoints(settings: Settings) -> list[str]:
    own = [settings.hub_endpoint]
    if "://" in settings.hub:
        own.append(settings.hub.rstrip("/"))
    return own


def _at(file: HubFile, hub: str, settings: Settings) -> Candidate | None:
    """Return the address of a file at a hub, None if that hub cannot have it."""
    layout = "modelscope" if hub in MODELSCOPES else "huggingface"
    revision = file.revision
    if layout != file.layout:
        if COMMIT.fullmatch(revision):
            return None
        if revision == BRANCHES[file.layout]:
            revision = BRANCHES[layout]
    path = f"/datasets/{file.repo}/resolve/{revision}/{file.file}"
    if layout == "modelscope":
        return Candidate(url=f"{MODELSCOPES[hub]}{path}", hub=True)
    text = settings.hub_endpoint if hub == "huggingface" else hub
    try:
        endpoint = checked_address(text, "The hub")
    except BadQueryError:
        return None
    token = settings.hub_token if endpoint == settings.hub_endpoint else ""
    own = endpoint != HUGGINGFACE
    return Candidate(url=f"{endpoint}{path}", own=own, token=token, hub=True)
