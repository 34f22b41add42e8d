"""References that lie beside a set: where the pixels of its tiles are.

NAME.parquet          rows, whose column `scene` is the id of a reference
NAME.scenes.json      the references
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from eex.errors import DamagedSetError, SetNotFoundError
from eex.files import write_bytes
from eex.sources.refs import Ref, from_json, to_json

SUFFIX = ".scenes.json"
"""Ends the name of the file, in place of the set's own ending."""

VERSION = 1
"""Of its layout."""


def scenes_path(output: Path) -> Path:
    """Return where the references of a set lie."""
    return output.with_name(f"{output.stem}{SUFFIX}")


def save_scenes(output: Path, refs: Sequence[Ref]) -> Path:
    """Write the references of a set beside it; return the file.

    Raises:
        OutputError: If it cannot be written.
    """
    path = scenes_path(output)
    record = {"version": VERSION, "scenes": [to_json(ref) for ref in refs]}
    write_bytes(path, f"{json.dumps(record, ensure_ascii=False, indent=1)}\n".encode())
    return path


def load_scenes(output: Path) -> dict[str, Ref]:
    """Return the references of a set by their id.

    Raises:
        SetNotFoundError: If there is no such file.
        DamagedSetError: If it cannot be read.
    """
    path = scenes_path(output)
    try:
        record = json.loads(path.read_bytes())
        refs = [from_json(one) for one in record["scenes"]]
    except FileNotFoundError as error:
        message = f"{path} is not there, so it is not known where pixels of {output.name} are."
        raise SetNotFoundError(message, hint="Keep the two files together.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"{path} does not hold the scenes of a set: {error!r}."
        raise DamagedSetError(message, hint="Build the set again.") from error
    return {ref.id: ref for ref in refs}
