"""Files to tensors, without running anything that is in them.

Read are `safetensors`, and what `torch.load(weights_only=True)` accepts: plain containers, numbers,
strings and tensors. A pickle that wants anything else is refused, never run.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eex.errors import DamagedWeightsError, MissingExtraError, MissingWeightsError

if TYPE_CHECKING:
    from torch import Tensor

WRAPPERS = ("state_dict", "model")
"""Keys under which checkpoints of trainers keep the tensors."""


@dataclass(frozen=True)
class Checkpoint:
    """What a file of weights holds."""

    tensors: dict[str, Tensor]
    """Tensors by name, on the CPU, mapped from the file where it allows that."""
    hyper: dict[str, Any] = field(default_factory=dict)
    """What a trainer wrote down beside them (`hyper_parameters`), plain values only."""
    path: Path = Path()
    """The file."""


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a file of weights.

    Args:
        path: A `.safetensors` file, or one of `torch.save` (`.pt`, `.pth`, `.ckpt`, `.bin`).

    Returns:
        Its tensors, unwrapped from what trainers put around them.

    Raises:
        MissingWeightsError: If there is no such file.
        DamagedWeightsError: If it is not whole, or wants to run code.
        MissingExtraError: If torch is not installed.
    """
    if not path.is_file():
        message = f"There are no weights at {path}."
        raise MissingWeightsError(message, hint="Check the path.")
    if path.suffix == ".safetensors" or _looks_like_safetensors(path):
        return Checkpoint(_safetensors(path), path=path)
    content = _pickled(path)
    hyper = content.get("hyper_parameters", {}) if isinstance(content, Mapping) else {}
    for wrapper in WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
            break
    tensors = _tensors(content)
    if not tensors:
        message = f"{path} holds no tensors by name, so no weights."
        raise DamagedWeightsError(message, hint="Give a state dict, or a checkpoint that has one.")
    return Checkpoint(tensors, dict(hyper) if isinstance(hyper, Mapping) else {}, path)


def config_beside(path: Path, name: str) -> dict[str, Any]:
    """Return the JSON object `name` in the folder of the weights; empty if there is none.

    Raises:
        DamagedWeightsError: If it is there and is no JSON object.
    """
    file = (path if path.is_dir() else path.parent) / name
    if not file.is_file():
        return {}
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"{file} cannot be read as JSON: {error}."
        raise DamagedWeightsError(message, hint="Get the model again.") from error
    if not isinstance(record, dict):
        message = f"{file} is not a JSON object."
        raise DamagedWeightsError(message, hint="Get the model again.")
    return record


def one_of(path: Path, names: tuple[str, ...]) -> Path:
    """Return the file itself, or the first of `names` that is in the folder `path`.

    Raises:
        MissingWeightsError: If there is none.
    """
    if not path.is_dir():
        return path
    for name in names:
        if (path / name).is_file():
            return path / name
    message = f"{path} has none of {', '.join(names)}."
    raise MissingWeightsError(message, hint="Give the folder or the file of the model's weights.")


def _looks_like_safetensors(path: Path) -> bool:
    """Whether the file begins with a length and a JSON object, whatever it is called."""
    with path.open("rb") as file:
        return file.read(9)[8:] == b"{"


def _safetensors(path: Path) -> dict[str, Tensor]:
    _needs_torch()
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise _damaged(path, str(error)) from error


def _pickled(path: Path) -> Any:  # noqa: ANN401
    torch = _needs_torch()
    for mmap in (True, False):  # files of before 2020 are not zipped and cannot be mapped
        try:
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
        except pickle.UnpicklingError as error:
            if "weights_only" not in str(error) and "Unsupported" not in str(error):
                raise _damaged(path, str(error)) from error
            message = f"{path} wants to run code when it is read, so it was not read."
            hint = "Get the model from its home, or convert it to safetensors where you trust it."
            raise DamagedWeightsError(message, hint=hint) from error
        except (RuntimeError, OSError, EOFError, ValueError, KeyError, TypeError) as error:
            if mmap and "mmap" in str(error):
                continue
            raise _damaged(path, str(error)) from error
    return None


def _tensors(content: Any) -> dict[str, Tensor]:  # noqa: ANN401
    torch = _needs_torch()
    if not isinstance(content, Mapping):
        return {}
    return {
        name: value
        for name, value in content.items()
        if isinstance(name, str) and isinstance(value, torch.Tensor)
    }


def _needs_torch() -> Any:  # noqa: ANN401
    try:
        import torch
    except ImportError as error:
        message = "Running this model needs PyTorch, which is not installed."
        hint = "pip install 'earth-embedding-explorer[models]'"
        raise MissingExtraError(message, hint=hint) from error
    return torch


def _damaged(path: Path, reason: str) -> DamagedWeightsError:
    first = reason.splitlines()[0].rstrip(".") if reason else "it ends too early"
    message = f"{path} is not a whole file of weights: {first}."
    return DamagedWeightsError(message, hint="Get the model again.")
