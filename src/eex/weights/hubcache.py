"""The cache of Hugging Face's own tools, so that nothing is fetched twice.

It keeps `models--{owner}--{name}/snapshots/{commit}/{file}` (`datasets--…` of data sets), links to
blobs that are named by their checksum, and in `refs/{branch}` the commit that was met last.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from eex.weights.checksum import SHA256
from eex.weights.hubs import is_commit
from eex.weights.receipts import checked_name

if TYPE_CHECKING:
    from eex.weights.records import HasWeights, Home, WeightFile


def snapshot(cache: Path | None, home: Home) -> Path | None:
    """Return the folder of a repository's files at its revision; None if it is not there."""
    if cache is None or home.hub != "huggingface":
        return None
    repository = cache / f"{home.kind}s--{checked_name(home.repo).replace('/', '--')}"
    commit = home.revision
    if not is_commit(commit):
        try:
            reference = repository / "refs" / checked_name(commit)
            commit = reference.read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            return None
    folder = repository / "snapshots" / commit
    return folder if is_commit(commit) and folder.is_dir() else None


def cached_file(cache: Path | None, home: Home, file: WeightFile) -> Path | None:
    """Return a model's file in the cache; None if it is not there, or is another content.

    A link to a blob that is named by another checksum than the pinned one does not count.
    """
    folder = snapshot(cache, home)
    if folder is None:
        return None
    for name in (file.name, *file.or_else):
        path = folder / checked_name(name)
        if not path.is_file() or path.stat().st_size == 0:
            continue
        blob = blob_sha256(path)
        if not (file.sha256 and blob and blob != file.sha256):
            return path
    return None


def cached_folder(cache: Path | None, spec: HasWeights) -> Path | None:
    """Return the snapshot that has all files a model needs; None if there is none."""
    for home in spec.homes:
        needed = [file for file in spec.files if not file.optional]
        elsewhere = [file for file in needed if file.home not in {None, home}]
        folder = snapshot(cache, home)
        if folder is None or elsewhere:
            continue
        if all(cached_file(cache, home, file) for file in needed):
            return folder
    return None


def blob_sha256(path: Path) -> str:
    """Return the checksum that the cache names a file's blob by; empty if it does not."""
    try:
        name = path.resolve().name
    except OSError:
        return ""
    return name if SHA256.fullmatch(name) else ""
