"""Several models at once under a memory budget, the least recently used put away for a new one.

In: names, variants and weights. Out: encoders that are ready to use, each loaded once however many
ask for it at the same time.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition

from eex.config import Settings
from eex.encoders.base import EncoderSpec
from eex.encoders.open import ANY_CLIP, Encoder, encoder, encoder_spec
from eex.errors import EexError

Key = tuple[str, str, str, str, str]
"""Name, variant, weights, device ("auto" resolved) and precision."""


@dataclass(eq=False)
class _Held:
    """A model that is loaded or being loaded."""

    size: int
    """Bytes that it takes; while it is being loaded, a guess from its files."""
    encoder: Encoder | None = None
    """None while it is being loaded."""
    users: Counter[int] = field(default_factory=Counter)
    """How often each thread uses it now."""


class EncoderPool:
    """Keeps models loaded. Safe to use from several threads.

    A model that is in use (`using`) is never put away: who needs room waits until it is free. A
    thread that uses a model itself does not wait, since two such could wait for each other for
    ever; the budget is exceeded for that while. A model larger than the budget is loaded alone.
    """

    def __init__(self, settings: Settings, *, load: Callable[..., Encoder] = encoder) -> None:
        """Start empty; `load` is called as `eex.encoder` is."""
        self.settings = settings
        self._load = load
        self._held: OrderedDict[Key, _Held] = OrderedDict()
        self._changed = Condition()

    def __len__(self) -> int:
        return len(self._held)

    def __repr__(self) -> str:
        used, most = (n / 2**20 for n in (self.memory_bytes, self.settings.model_memory))
        return f"<eex.EncoderPool {len(self)} models, {used:,.0f} of {most:,.0f} MiB>"

    @property
    def memory_bytes(self) -> int:
        """Bytes that the models take, those being loaded included."""
        with self._changed:
            return self._size()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the models that are loaded, the least recently used first."""
        with self._changed:
            return tuple(key[0] for key, held in self._held.items() if held.encoder is not None)

    def get(
        self,
        name: str,
        *,
        weights: str | Path | None = None,
        device: str | None = None,
        variant: str = "",
        precision: str | None = None,
    ) -> Encoder:
        """Return an encoder; see `eex.encoder` for arguments and errors.

        It may be put away while the caller still has it: it works on, but its memory is free only
        when the caller lets go of it. `using` keeps it counted.
        """
        with self.using(
            name, weights=weights, device=device, variant=variant, precision=precision
        ) as loaded:
            return loaded

    @contextmanager
    def using(
        self,
        name: str,
        *,
        weights: str | Path | None = None,
        device: str | None = None,
        variant: str = "",
        precision: str | None = None,
    ) -> Iterator[Encoder]:
        """Give an encoder that is not put away before the block ends; arguments as for `get`."""
        settings = self.settings
        device, precision = device or settings.device, precision or settings.precision
        given = "" if weights is None else str(Path(weights).expanduser().absolute())
        spec = encoder_spec(name, given or None)
        variant, device = spec.variant(variant).name, _device(device, spec)
        key = (name, variant, given, device, precision)
        me = threading.get_ident()  # the block may end in another thread, as FastAPI's do
        with self._changed:
            loaded_already = key in self._held
        held = self._taken(key, 0 if loaded_already else _guess(name, given))
        try:
            loaded = held.encoder or self._filled(key, held)
            yield loaded
        finally:
            with self._changed:
                held.users[me] -= 1
                held.users += Counter()  # those at zero are dropped
                self._make_room(0)
                self._changed.notify_all()

    def clear(self) -> None:
        """Put away every model that is not in use."""
        with self._changed:
            for key, held in list(self._held.items()):
                if not held.users:
                    self._put_away(key)

    def _taken(self, key: Key, size: int) -> _Held:
        """Return the entry of a key, counted as used by this thread; new ones have no encoder."""
        me = threading.get_ident()
        with self._changed:
            while True:
                held = self._held.get(key)
                if held is not None and (held.encoder is not None or held.users[me]):
                    break
                if held is None and (self._make_room(size) or self._uses_one(me)):
                    held = self._held[key] = _Held(size)
                    break
                self._changed.wait()
            self._held.move_to_end(key)
            held.users[me] += 1
            return held

    def _filled(self, key: Key, held: _Held) -> Encoder:
        """Load the model of an entry that this thread made."""
        name, variant, given, device, precision = key
        try:
            loaded = self._load(
                name,
                weights=given or None,
                device=device,
                variant=variant,
                precision=precision,
                settings=self.settings,
            )
        except BaseException:
            with self._changed:
                if self._held.get(key) is held:
                    del self._held[key]
                self._changed.notify_all()  # the next in line tries, and is told the same
            raise
        with self._changed:
            held.encoder, held.size = loaded, loaded.memory_bytes or held.size
            self._make_room(0)
            self._changed.notify_all()
        return loaded

    # What follows is called with the lock held.

    def _size(self) -> int:
        return sum(held.size for held in self._held.values())

    def _uses_one(self, thread: int) -> bool:
        return any(held.users[thread] for held in self._held.values())

    def _make_room(self, size: int) -> bool:
        """Put away the least recently used until `size` bytes fit, or nothing more can go."""
        most = self.settings.model_memory
        for key, held in list(self._held.items()):
            if self._size() + size <= most:
                return True
            last = len(self._held) == 1 and not size  # a large one stays until another is wanted
            if not held.users and not last:
                self._put_away(key)
        return not self._held or self._size() + size <= most

    def _put_away(self, key: Key) -> None:
        held = self._held.pop(key)
        kind = getattr(getattr(held.encoder, "device", None), "type", "cpu")
        held.encoder = None
        if kind == "cuda" and (torch := sys.modules.get("torch")) is not None:
            torch.cuda.empty_cache()  # PyTorch would keep the memory from others


def _device(name: str, spec: EncoderSpec) -> str:
    """Return which device a name means, so that two names of one device share a model.

    Only what runs on PyTorch needs to know, and loads it anyway.
    """
    if name not in {"auto", "cuda"} or not (spec.files or spec.name.startswith(ANY_CLIP)):
        return name
    try:
        from eex.encoders.running import torch_device
    except ImportError:  # loading says what to install
        return name
    kind = torch_device(name).type
    if kind != "cuda":
        return kind
    import torch

    return f"cuda:{torch.cuda.current_device()}"


def _guess(name: str, weights: str) -> int:
    """Return about how many bytes a model will take: those of its files."""
    if weights:
        path = Path(weights)
        with suppress(OSError):
            files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
            return sum(file.stat().st_size for file in files)
        return 0
    with suppress(EexError):
        return sum(file.size for file in encoder_spec(name).files)
    return 0
