"""References that lie beside a set: where the pixels of its tiles are.

NAME.parquet          rows, whose column `scene` is the id of a reference
NAME.scenes.json      the references

A set that was published in several files, NAME-00000-of-00003.parquet, has one NAME.scenes.json;
one that is open under a name has them in its own folder, as `set.scenes.json`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any, TypeVar

from eex.errors import DamagedSetError, SetNotFoundError
from eex.files import write_bytes
from eex.sources.refs import Ref, SceneRef, from_json, to_json

SUFFIX = ".scenes.json"
"""Ends the name of the file, in place of the set's own ending."""

LARGEST = 10_000_000
"""Pixels along a side of a scene, or bands of a file, beyond which a record is not believed."""

VERSION = 1
"""Of its layout."""

P = TypeVar("P", bound=PurePath)

_NUMBER = re.compile(r"-\d{5}-of-\d{5}$")
"""Ends the stem of one file of several."""


def scenes_path(output: Path) -> Path:
    """Return where the references of a set lie."""
    return output.with_name(f"{output.stem}{SUFFIX}")


def scenes_name(files: Sequence[P]) -> P | None:
    """Return where the references of a set lie that has these files; None if they are of none."""
    names = {file.with_name(f"{_NUMBER.sub('', file.stem)}{SUFFIX}") for file in files}
    return names.pop() if len(names) == 1 else None


def find_scenes(place: Path) -> Path | None:
    """Return the references that lie beside a set's file, or in a folder; None if none do."""
    if place.is_dir():
        there = sorted(place.rglob(f"*{SUFFIX}"))
        return there[0] if len(there) == 1 else None
    candidates = (scenes_path(place), scenes_name([place])) if place.name else ()
    return next((path for path in candidates if path is not None and path.is_file()), None)


def _record(refs: Sequence[Ref]) -> dict[str, Any]:
    """Return what the file holds."""
    return {"version": VERSION, "scenes": [to_json(ref) for ref in refs]}


def scenes_text(refs: Sequence[Ref]) -> str:
    """Return the same as text."""
    return f"{json.dumps(_record(refs), ensure_ascii=False, indent=1)}\n"


def save_scenes(output: Path, refs: Sequence[Ref]) -> Path:
    """Write the references of a set beside it; return the file.

    Raises:
        OutputError: If it cannot be written.
    """
    path = scenes_path(output)
    write_bytes(path, scenes_text(refs).encode())
    return path


def load_scenes(place: Path) -> dict[str, Ref]:
    """Return the references of a set by their id.

    Args:
        place: Its file, or a folder with its files.

    Raises:
        SetNotFoundError: If there is no such file.
        DamagedSetError: If it cannot be read.
    """
    path = find_scenes(place)
    if path is None:
        path = scenes_path(place)
        message = f"{path} is not there, so it is not known where pixels of {place.name} are."
        raise SetNotFoundError(message, hint="Keep the two files together.")
    return read_scenes(path)


def read_scenes(path: Path) -> dict[str, Ref]:
    """Return references by their id.

    Raises:
        DamagedSetError: If it cannot be read.
    """
    try:
        record = json.loads(path.read_bytes())
        refs = {ref.id: ref for ref in map(_checked, map(from_json, record["scenes"]))}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        message = f"{path} does not hold the scenes of a set: {error!r}."
        raise DamagedSetError(message, hint="Build the set again.") from error
    return refs


def _checked(ref: Ref) -> Ref:
    """Return a reference that somebody else may have written; its numbers and texts are such.

    Raises:
        ValueError: If they are not.
    """
    bands = ref.bands.items() if isinstance(ref, SceneRef) else ()
    texts = [ref.id, ref.href, ref.licence, ref.attribution]
    texts += [text for band, asset in bands for text in (band, asset.href, asset.origin)]
    numbers = [number for _, asset in bands for number in (asset.scale, asset.offset)]
    counts = [asset.index for _, asset in bands]
    if not isinstance(ref, SceneRef):
        numbers.append(ref.rows)
    else:
        texts += [ref.product_id, ref.footprint, ref.extent, ref.crs, ref.group]
        numbers += [*(ref.transform or (0.0,) * 6), *(ref.size or (1, 1))]
        counts += ref.size or ()
        if len(numbers) != 2 * len(ref.bands) + 8:
            message = f"{ref.id!r} has a transform or a size of another length"
            raise ValueError(message)
    good = all(isinstance(text, str) for text in texts)
    good = good and all(isinstance(one, int | float) and math.isfinite(one) for one in numbers)
    good = good and all(isinstance(one, int) and 0 < one <= LARGEST for one in counts)
    if not good:
        message = f"{ref.id!r} has a text or a number that is none"
        raise ValueError(message)
    return ref
