"""How networks run: in batches, on one device, in one precision, one caller at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from eex.errors import BadQueryError, EexError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eex.encoders.base import EncoderSpec, Variant

Precision = Literal["float32", "float16", "bfloat16"]
"""Number format of weights and activations; vectors that come out are float32 always."""

DTYPES: Mapping[str, torch.dtype] = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
}


def torch_device(name: str) -> torch.device:
    """Return the device of that name; `auto` takes CUDA, then MPS, then the CPU.

    Raises:
        BadQueryError: If there is no such device on this machine.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device).cpu()  # `meta` holds no numbers to give back
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        message = f"There is no device {name!r} on this machine."
        raise BadQueryError(message, hint=f"Devices: {', '.join(devices())}.") from error
    return device


def torch_dtype(precision: str) -> torch.dtype:
    """Return the number format of that name.

    Raises:
        BadQueryError: If networks run in no such format.
    """
    if precision not in DTYPES:
        message = f"There is no precision {precision!r}."
        raise BadQueryError(message, hint=f"Precisions: {', '.join(DTYPES)}.")
    return DTYPES[precision]


def devices() -> list[str]:
    """Return the names of what networks can run on here."""
    cuda = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    mps = ["mps"] if torch.backends.mps.is_available() else []
    return ["auto", "cpu", *(["cuda", *cuda] if cuda else []), *mps]


class TorchEncoder:
    """What encoders that run a network share. Safe to use from several threads."""

    takes: frozenset[str] = frozenset()
    """What `encode_image` may be told besides images: "when", "lonlat"."""

    batch = 16
    """Inputs that go through the network at once."""

    def __init__(
        self,
        network: nn.Module,
        *,
        spec: EncoderSpec,
        variant: Variant,
        dim: int,
        device: str = "cpu",
        precision: Precision = "float32",
    ) -> None:
        """Put a filled network on a device; `dim` is the length of a vector.

        Raises:
            BadQueryError: If there is no such device or precision.
        """
        dtype = torch_dtype(precision)
        self.spec = spec
        self.variant = variant
        self.dim = dim
        self.device = torch_device(device)
        self.precision: Precision = precision
        self.network = network.to(self.device, dtype)
        self._running = Lock()

    @property
    def memory_bytes(self) -> int:
        """Bytes that the weights take."""
        return sum(p.numel() * p.element_size() for p in self.network.parameters())

    def run(
        self,
        forward: Callable[..., Tensor],
        inputs: Any,  # noqa: ANN401
        *more: Any,  # noqa: ANN401
        each: tuple[int, ...] = (),
    ) -> NDArray[np.float32]:
        """Return `forward` of inputs (arrays or tensors, first axis the batch), batch by batch.

        Floating-point inputs are cast to the network's precision, whole numbers are not.

        Args:
            forward: The network, or part of it.
            inputs: What it takes.
            more: What it takes besides, as many.
            each: Shape of the output for one input, for when there are none; one vector by default.
        """
        arrays = [self._tensor(value) for value in (inputs, *more)]
        outputs = []
        with self._running, torch.inference_mode():
            for low in range(0, len(arrays[0]), self.batch):
                batch = [a[low : low + self.batch].to(self.device) for a in arrays]
                outputs.append(forward(*batch).float().cpu().numpy())
        if not outputs:
            return np.empty((0, *(each or (self.dim,))), np.float32)
        return np.concatenate(outputs)

    def _tensor(self, value: Any) -> Tensor:  # noqa: ANN401
        tensor = tensor_of(value)
        return tensor.to(DTYPES[self.precision]) if tensor.is_floating_point() else tensor


def tensor_of(value: Any) -> Tensor:  # noqa: ANN401
    """Return an array, a tensor or nested lists as a tensor; read-only arrays are copied."""
    if isinstance(value, np.ndarray):
        value = np.require(value, requirements=["C", "W"])
    return torch.as_tensor(value)


def patches_of(pixels: Any, patch: int, usual: tuple[int, int]) -> tuple[int, int]:  # noqa: ANN401
    """Return whole patches down and across pictures (n, bands, height, width); else the usual."""
    shape = np.shape(pixels)
    return (shape[2] // patch, shape[3] // patch) if len(shape) == 4 else usual  # noqa: PLR2004


def in_batches(
    items: Sequence[Any], size: int, work: Callable[[Sequence[Any]], NDArray[np.float32]], dim: int
) -> NDArray[np.float32]:
    """Return `work` of slices of `items`, joined, so that only one slice is prepared at a time."""
    made = [work(items[low : low + size]) for low in range(0, len(items), size)]
    return np.concatenate(made) if made else np.empty((0, dim), np.float32)


def unit(vectors: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Return vectors of shape (n, dim) at length 1, float32.

    Raises:
        EexError: If a vector has no direction: the network gave zeros, NaN or infinity.
    """
    wide = np.asarray(vectors, np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    if not np.all(np.isfinite(lengths)) or (len(lengths) and lengths.min() <= 0):
        message = "The network gave a vector without direction (zero, NaN or infinite)."
        raise EexError(message, hint="Check the input; with float16, try float32.")
    return (wide / lengths).astype(np.float32)
