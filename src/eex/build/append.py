"""Adding to a set: only where what is added is comparable with what is there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from eex.build.about import MOST_SOURCES, essence, joined
from eex.build.plan import Model
from eex.embeddings import SetHeader
from eex.encoders.base import EncoderSpec
from eex.errors import BadQueryError, DamagedSetError, SetNotFoundError
from eex.sources.beside import find_scenes, load_scenes
from eex.sources.refs import Ref, SceneRef

SAME = (
    "model",
    "variant",
    "weights",
    "dim",
    "bands",
    "stretch",
    "remove_offset",
    "pixels",
    "quantization",
)
"""What two headers must agree in, besides the essence of their preprocessing."""


def header_at(path: Path) -> SetHeader:
    """Return the header of a set on the disk.

    Raises:
        SetNotFoundError: If there is no such file.
        DamagedSetError: If it is no set with a header.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        message = f"There is no embedding set at {path}."
        raise SetNotFoundError(message, hint="Check the path.")
    try:
        metadata = pq.read_metadata(path).metadata or {}
    except (pa.ArrowException, OSError) as error:
        message = f"{path} is not a whole GeoParquet file: {str(error).rstrip('.')}."
        raise DamagedSetError(message, hint="Make or download the set again.") from error
    header = SetHeader.told_by(metadata[b"emb"]) if b"emb" in metadata else None
    if header is None:
        message = f"{path} does not say how it was made."
        raise DamagedSetError(message, hint="Only sets that were built here can be added to.")
    return header


def check_appendable(
    path: Path | None, models: Sequence[Model], specs: Sequence[EncoderSpec]
) -> None:
    """Refuse to add to a set of something else, before any work.

    Raises:
        BadQueryError: If models differ, or several are given.
    """
    if path is None:
        return
    if len(models) > 1:
        message = "One model at a time is added to a set."
        raise BadQueryError(message, hint="Give one --model.")
    header, (model,), (spec,) = header_at(path), models, specs
    asked = {"model": model.name, "variant": spec.variant(model.variant).name}
    before = {"model": header.model, "variant": header.variant or asked["variant"]}
    if asked != before:
        raise _differ(path, [name for name in asked if asked[name] != before[name]])


def check_ids(path: Path | None, refs: Iterable[Ref]) -> None:
    """Refuse scenes that have the name of other ones in a set: their tiles could not be told apart.

    Raises:
        BadQueryError: If there is one.
    """
    if path is None or find_scenes(path) is None:
        return
    known = load_scenes(path)
    for ref in refs:
        there = known.get(ref.id)
        if there is not None and _files(there) != _files(ref):
            message = f"{path} has tiles of another {ref.id}: {_files(there)[0]}."
            hint = f"Rename what is added, {_files(ref)[0]}, or build a set of its own (-o)."
            raise BadQueryError(message, hint=hint)


def _files(ref: Ref) -> list[str]:
    """Return where the pixels of a reference are."""
    if isinstance(ref, SceneRef):
        return sorted({asset.origin or asset.href for asset in ref.bands.values()}) or [ref.href]
    return [ref.href]


def check_comparable(before: SetHeader, new: SetHeader, path: Path) -> None:
    """Let pass headers of vectors that may be compared.

    Args:
        before: Of the set at `path`.
        new: Of what is added; its `dim` may be 0, not known yet.
        path: The set.

    Raises:
        BadQueryError: If they may not.
    """
    names = [name for name in SAME if name != "dim" or new.dim]
    differ = [name for name in names if getattr(before, name) != getattr(new, name)]
    if essence(before.preprocessing) != essence(new.preprocessing):
        differ.append("preprocessing")
    if differ:
        raise _differ(path, differ)


def joined_header(before: SetHeader, new: SetHeader, path: Path) -> SetHeader:
    """Return the header of a set with what was added to it.

    Args:
        before: Of the set at `path`.
        new: Of what is added, its sentences about all of both.
        path: The set.

    Raises:
        BadQueryError: If the two are not comparable.
    """
    check_comparable(before, new, path)
    sources = tuple(dict.fromkeys((*before.sources, *new.sources)))[:MOST_SOURCES]
    return replace(
        before,
        preprocessing=new.preprocessing,
        licence=joined([*before.licence.split("; "), *new.licence.split("; ")]),
        attribution=joined([*before.attribution.split("; "), *new.attribution.split("; ")]),
        sources=sources,
    )


def _differ(path: Path, names: Sequence[str]) -> BadQueryError:
    message = f"{path} cannot be added to: its {', '.join(names)} differ."
    hint = "Build with the options that it was made with, or into another set (-o)."
    return BadQueryError(message, hint=hint, differ=list(names))
