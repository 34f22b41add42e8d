"""Files to tensors, without running anything that is in them.

Read are `safetensors`, and what `torch.load(weights_only=True)` accepts: plain containers, numbers,
strings and tensors. Records that trainers leave beside the tensors (an `argparse.Namespace`, an
OmegaConf, paths, NumPy numbers) become inert stand-ins: their classes are neither imported nor
called. A pickle that wants anything else is refused, never run.
"""

from __future__ import annotations

import json
import pickle
import re
import struct
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from eex.errors import DamagedWeightsError, MissingExtraError, MissingWeightsError
from eex.weights.beginnings import BEGINNING, is_pickle, is_safetensors, is_zip, no_weights

if TYPE_CHECKING:
    from torch import Tensor

WRAPPERS = ("state_dict", "model")
"""Keys under which checkpoints of trainers keep the tensors."""

RECORDS = re.compile(
    r"argparse\.Namespace|types\.SimpleNamespace|typing\.Any|pathlib\..*|omegaconf\..*"
    r"|(pytorch_lightning|lightning|lightning_fabric|numpy)\..*"
    r"|(builtins\.)?(dict|list|tuple|set|str|int|float|bool)"
)
"""Classes that trainers write down besides tensors; they become stand-ins."""

MOST_RECORDS = 64
"""Most classes of one file that become stand-ins."""

DEEPEST = 32
"""Most levels of containers in what a trainer wrote down."""

UNKNOWN_CLASS = re.compile(r"GLOBAL (\S+) was not an allowed global")
"""How PyTorch names a class that is not plain."""

BLOCKED = re.compile(r"unsupported GLOBAL (\S+) whose module")
"""How PyTorch names a function that it refuses whoever allows it."""

FAULTS = (
    pickle.UnpicklingError,
    RuntimeError,
    OSError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    ImportError,
    MemoryError,
    struct.error,
)
"""What reading a file that is not whole, or made up, may raise."""

_allowing = Lock()
"""What may be read is a list that all of PyTorch shares."""


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
    beginning = _beginning(path)
    if is_safetensors(beginning):
        return Checkpoint(_safetensors(path), path=path)
    if path.suffix == ".safetensors":
        raise _damaged(path, "it does not begin as safetensors do")
    if not (is_zip(beginning) or is_pickle(beginning)):
        message = f"{path} is not a file of weights: neither of torch.save nor safetensors."
        raise DamagedWeightsError(message, hint="Give the file that holds the model's tensors.")
    content = _pickled(path, mmap=is_zip(beginning))
    hyper = _plain(content.get("hyper_parameters")) if isinstance(content, Mapping) else None
    tensors = _tensors(content)
    for wrapper in WRAPPERS:
        if isinstance(content, Mapping) and (inside := _tensors(content.get(wrapper))):
            tensors = inside
            break
    if not tensors:
        message = f"{path} holds no tensors by name, so no weights."
        raise DamagedWeightsError(message, hint="Give a state dict, or a checkpoint that has one.")
    return Checkpoint(_real(tensors, path), hyper if isinstance(hyper, dict) else {}, path)


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
    except (OSError, ValueError, RecursionError) as error:
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


def needs_torch() -> Any:  # noqa: ANN401
    """Return the module torch.

    Raises:
        MissingExtraError: If it is not installed.
    """
    try:
        import torch
    except ImportError as error:
        message = "Running this model needs PyTorch, which is not installed."
        hint = "pip install 'earth-embedding-explorer[models]'"
        raise MissingExtraError(message, hint=hint) from error
    return torch


class _StandIn:
    """Holds what a pickle gives to a class, and does nothing with it."""

    args: tuple[Any, ...]
    state: Any

    def __new__(cls, *args: Any) -> _StandIn:  # noqa: ANN401, PYI034
        made = object.__new__(cls)
        made.args, made.state = args, None
        return made

    def __init__(self, *args: Any) -> None:  # noqa: ANN401
        pass

    def __setstate__(self, state: Any) -> None:  # noqa: ANN401
        self.state = state


def _beginning(path: Path) -> bytes:
    """Return how a file begins, or say why it holds no weights."""
    if not path.is_file():
        message = f"{path} is a folder." if path.is_dir() else f"There are no weights at {path}."
        hint = "Give the file of weights in it." if path.is_dir() else "Check the path."
        raise MissingWeightsError(message, hint=hint)
    try:
        with path.open("rb") as file:
            beginning = file.read(BEGINNING)
    except OSError as error:
        raise _damaged(path, error.strerror or str(error)) from error
    if kind := no_weights(beginning):
        message = f"{path} is {kind}."
        raise DamagedWeightsError(message, hint="Get the model again.")
    return beginning


def _safetensors(path: Path) -> dict[str, Tensor]:
    needs_torch()
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = _tensors(load_file(path))
    except (SafetensorError, *FAULTS) as error:
        raise _damaged(path, str(error)) from error
    if not tensors:
        message = f"{path} holds no tensors."
        raise DamagedWeightsError(message, hint="Give the file that holds the model's weights.")
    return _real(tensors, path)


def _pickled(path: Path, *, mmap: bool) -> Any:  # noqa: ANN401
    """Return what `torch.save` wrote; files of before 2020 are no zips and cannot be mapped."""
    torch = needs_torch()
    stand_ins: dict[str, type[_StandIn]] = {}
    while True:
        try:
            with warnings.catch_warnings(), _allowing:
                warnings.simplefilter("ignore")
                if not stand_ins:
                    return torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
                with torch.serialization.safe_globals(list(stand_ins.values())):
                    return torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
        except FAULTS as error:
            name = _class_in(str(error))
            if name in stand_ins or len(stand_ins) >= MOST_RECORDS or not _may_stand_in(name):
                raise _refused(path, name, str(error)) from error
            stand_ins[name] = _stand_in(name)


def _class_in(message: str) -> str:
    """Return the class or function that PyTorch would not read; empty if it is something else."""
    found = UNKNOWN_CLASS.search(message) or BLOCKED.search(message)
    return found[1] if found else ""


def _may_stand_in(name: str) -> bool:
    return RECORDS.fullmatch(name) is not None and hasattr(
        needs_torch().serialization, "safe_globals"
    )


def _stand_in(name: str) -> type[_StandIn]:
    """Return a class that passes for another by name; nothing of that one is imported."""
    module, _, bare = (name if "." in name else f"builtins.{name}").rpartition(".")
    return type(bare, (_StandIn,), {"__module__": module, "__qualname__": bare})


def _refused(path: Path, name: str, reason: str) -> DamagedWeightsError:
    if name:
        message = f"{path} wants to run code when it is read ({name}), so it was not read."
        hint = "Get the model from its home, or convert it to safetensors where you trust it."
        return DamagedWeightsError(message, hint=hint)
    if "TorchScript" in reason:
        message = f"{path} is a program of TorchScript, so it was not read."
        hint = "Where you trust it, save the state_dict() of torch.jit.load as safetensors."
        return DamagedWeightsError(message, hint=hint)
    return _damaged(path, reason)


def _tensors(content: Any) -> dict[str, Tensor]:  # noqa: ANN401
    """Return the plain tensors of a mapping by name; what else is in it is left out.

    So are tensors without any numbers: sizes are read from shapes, and a patch of 0 pixels is none.
    """
    torch = needs_torch()
    if not isinstance(content, Mapping):
        return {}
    return {
        name: value.detach()
        for name, value in content.items()
        if isinstance(name, str)
        and isinstance(value, torch.Tensor)
        and value.layout == torch.strided
        and not value.is_quantized
        and value.numel()
    }


def _real(tensors: dict[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Return the tensors, or refuse complex ones: casts would drop half of their numbers."""
    for name, value in tensors.items():
        if value.is_complex():
            message = f"{path} holds complex numbers, such as {name}, where weights are real."
            raise DamagedWeightsError(message, hint="Check that file and model belong together.")
    return tensors


def _plain(value: Any, depth: int = 0) -> Any:  # noqa: ANN401
    """Return a value as plain containers, numbers and strings; None for what is neither."""
    if isinstance(value, _StandIn):
        value = _inside(value)
    if depth > DEEPEST:
        return None
    if isinstance(value, Mapping):
        return {str(key): _plain(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(inner, depth + 1) for inner in value]
    return value if isinstance(value, bool | int | float | str) else None


def _inside(record: _StandIn) -> Any:  # noqa: ANN401
    """Return what a stand-in holds: a path, the attributes of a record, or nothing plain."""
    if type(record).__module__ == "pathlib":
        return "/".join(part for part in record.args if isinstance(part, str))
    state = record.state if isinstance(record.state, Mapping) else None
    for node in ("_content", "_val"):  # of OmegaConf
        if state is not None and node in state:
            return _inside(state[node]) if isinstance(state[node], _StandIn) else state[node]
    return state


def _damaged(path: Path, reason: str) -> DamagedWeightsError:
    first = reason.strip().splitlines()[0].rstrip(".") if reason.strip() else "it ends too early"
    if "weights_only" in first:  # PyTorch's advice to run what is in the file is not passed on
        message = f"{path} is not a whole file of weights, or a pickle of something else."
        hint = "Get the model again; where you trust the file, convert it to safetensors."
        return DamagedWeightsError(message, hint=hint)
    message = f"{path} is not a whole file of weights: {first.split('. ')[0]}."
    return DamagedWeightsError(message, hint="Get the model again.")
