"""Names to encoders that are ready to use, ours, a plug-in's, and any CLIP or SigLIP checkpoint.

An `Encoder` wraps what a family or a plug-in made: it checks what comes in, remembers vectors of
repeated texts, and promises unit vectors of one length. Families do the arithmetic only.
"""

from __future__ import annotations

import logging
import math
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.config import Settings
from eex.encoders.anyclip import PREFIX, any_clip_spec, local_path
from eex.encoders.base import (
    EncoderSpec,
    EncodesImage,
    EncodesPlace,
    EncodesText,
    Variant,
)
from eex.encoders.devices import check_device
from eex.encoders.inputs import encode_inputs, image_input
from eex.encoders.pixels import checked_raster
from eex.errors import BadPlaceError, BadQueryError, EexError, UnknownNameError
from eex.imagery.scene import Scene
from eex.registry import find, names
from eex.weights.read import needs_torch
from eex.weights.store import find_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

log = logging.getLogger("eex")

ANY_CLIP = PREFIX
"""Begins names that stand for a CLIP or SigLIP checkpoint: clip:hf-hub:org/name, clip:PATH."""

MAX_CHARACTERS = 10_000
"""Longest text that is encoded; models read a few hundred characters of it."""

KEPT_TEXTS = 2048
"""Texts whose vectors are remembered."""


def encoder_spec(name: str, weights: str | Path | None = None) -> EncoderSpec:
    """Return what is known of an encoder, without loading it.

    Args:
        name: A name that `eex models` lists, or `clip:` and a hub id or a path.
        weights: Where the file or folder of `clip:PATH` is instead.

    Raises:
        UnknownNameError: If no such encoder is installed.
        MissingWeightsError: If nothing is at the path after `clip:`.
    """
    if name.startswith(ANY_CLIP):
        return any_clip_spec(name, weights)
    spec = find("eex.encoders", name)
    if not isinstance(spec, EncoderSpec):
        message = f"{name!r} is registered as an encoder but is not an EncoderSpec."
        raise UnknownNameError(message, hint="Its entry point must name an EncoderSpec.")
    return spec


def encoder_specs() -> tuple[EncoderSpec, ...]:
    """Return what is known of every installed encoder, by name."""
    return tuple(encoder_spec(name) for name in names("eex.encoders"))


def encoder(
    name: str,
    *,
    weights: str | Path | None = None,
    device: str | None = None,
    variant: str = "",
    precision: str | None = None,
    settings: Settings | None = None,
) -> Encoder:
    """Load an encoder.

    Args:
        name: A name that `eex models` lists, or `clip:hf-hub:org/name` or `clip:PATH`.
        weights: File or folder of the weights; by default those that `eex models get` fetched.
        device: cpu, cuda, mps or auto; from the settings by default.
        variant: A way of running it, see `EncoderSpec.variants`; the default for an empty name.
        precision: float32, float16 or bfloat16; from the settings by default.
        settings: Read from the environment by default.

    Raises:
        UnknownNameError: If there is no such encoder or variant.
        BadQueryError: If there is no such device.
        MissingWeightsError: If the weights are not here; the hint has the command that gets them.
        DamagedWeightsError: If they are not whole, not safe to read, or of another model.
        MissingExtraError: If PyTorch or the model's own package is not installed.
    """
    settings = settings or Settings.from_env()
    spec = encoder_spec(name, weights)
    chosen = spec.variant(variant)
    device = device or settings.device
    if spec.demo:  # it runs on none; networks look for theirs below
        check_device(device)
    if not spec.files and not name.startswith(ANY_CLIP):
        if weights is not None:
            message = f"{name} takes no weights; it has its own."
            raise BadQueryError(message, hint="Leave weights out.")
        return Encoder(spec, chosen, spec.load(device))
    if weights is None and name.startswith(ANY_CLIP):
        weights = local_path(name)
    precision = precision or settings.precision
    path = find_weights(spec, weights, settings=settings)
    if spec.extra:  # ours run on torch: what is wrong is told before gigabytes are read
        needs_torch()
        from eex.encoders.running import torch_device, torch_dtype

        torch_device(device)
        torch_dtype(precision)
    loaded = spec.load(device, spec=spec, weights=path, variant=chosen, precision=precision)
    if name.startswith(ANY_CLIP):  # only the weights tell how long its vectors are
        spec = loaded.spec  # type: ignore[attr-defined]
    return Encoder(spec, chosen, loaded)


class Encoder:
    """An encoder that is ready to use. Safe to use from several threads if what it wraps is."""

    def __init__(self, spec: EncoderSpec, variant: Variant, loaded: object) -> None:
        """Wrap what a spec's `load` returned."""
        self.spec = spec
        self.variant = variant
        self.loaded = loaded
        self._texts: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"<eex.Encoder {self.spec.name} ({self.variant.name}): {self.dim} dimensions>"

    @property
    def dim(self) -> int:
        """Length of a vector: the weights' own where they are not the published ones."""
        return int(getattr(self.loaded, "dim", self.spec.dim))

    @property
    def memory_bytes(self) -> int:
        """Bytes that the weights take; 0 if not known."""
        return int(getattr(self.loaded, "memory_bytes", 0))

    @property
    def takes(self) -> frozenset[str]:
        """What `encode_image` may be told besides images, such as "lonlat" and "when"."""
        return frozenset(getattr(self.loaded, "takes", ()))

    def encode_text(
        self, texts: Sequence[str], *, templates: Sequence[str] | bool = (), warn: bool = True
    ) -> NDArray[np.float32]:
        """Turn texts into unit vectors, shape (len(texts), dim).

        Args:
            texts: Each at most 10,000 characters; what is beyond the model's context is cut, and
                logged as a warning when it is first seen (`cut_texts` says which).
            templates: Sentences with `{}` for the text; the unit vectors of all of them are
                averaged and made unit again (prompt ensemble, Radford et al. 2021, section 3.1.4);
                True for the model's own.
            warn: Whether to log that a text is cut; False for who tells it otherwise.

        Raises:
            BadQueryError: If the encoder takes no text, or one is empty or too long, or if the
                model has no templates of its own.
        """
        texts = checked_texts(texts)
        if isinstance(templates, bool):
            templates = self.spec.prompts() if templates else ()
        elif isinstance(templates, str):
            templates = (templates,)
        if bad := [template for template in templates if template.count("{}") != 1]:
            message = f"The template {bad[0]!r} needs one {{}} for the words."
            raise BadQueryError(message, hint='Such as "a satellite image of {}".')
        sentences = [t.replace("{}", text) for text in texts for t in templates or ("{}",)]
        vectors = self._remembered(sentences, warn=warn)
        if not templates:
            return vectors
        each = vectors.reshape(len(texts), len(templates), self.dim)
        mean = each.astype(np.float64).mean(axis=1)
        lengths = np.linalg.norm(mean, axis=1, keepdims=True)
        return (mean / np.maximum(lengths, 1e-12)).astype(np.float32)

    def cut_texts(self, texts: Sequence[str]) -> tuple[bool, ...]:
        """Say of each text whether the model reads only its beginning."""
        cut = getattr(self.loaded, "cut_texts", None)
        return tuple(cut(texts)) if cut is not None else (False,) * len(texts)

    def encode_image(self, images: Sequence[Any], **more: Any) -> NDArray[np.float32]:  # noqa: ANN401
        """Turn images into unit vectors, shape (len(images), dim).

        Args:
            images: For encoders of pictures: paths, bytes, Pillow images or arrays
                (height, width, 3), uint8, sRGB; a Sentinel-2 GeoTIFF is seen in true colour. For
                encoders of Sentinel-2: GeoTIFFs, folders of bands or a `Scene`, whose place and
                time are told to encoders that take them unless `more` does; or arrays (bands,
                height, width), digital numbers in the order of `spec.bands`.
            more: What the family takes besides, see `takes`.

        Raises:
            BadQueryError: If the encoder takes no images, or not what it is told besides.
            BadPictureError: If one is no picture, or too small or too large.
            ShapeError: If an array has other bands, or holds NaN or infinity.
        """
        loaded = self._able(EncodesImage, "image")
        if isinstance(images, str | bytes | Path) or not hasattr(images, "__iter__"):
            message = f"Expected a list of images, got one {type(images).__name__}."
            raise BadQueryError(message, hint="Put it in a list: [image].")
        if unknown := sorted(more.keys() - self.takes):
            message = f"{self.spec.name} takes no {unknown[0]!r} with images."
            known = ", ".join(sorted(self.takes))
            raise BadQueryError(message, hint=f"It takes: {known}." if known else "Leave it out.")
        if self.spec.pixels == "picture":
            pictures = [image_input(image, self.spec).pixels for image in images]
            return self._checked(loaded.encode_image(pictures, **more))
        images = list(images)
        files = [isinstance(image, str | Path | bytes | Scene) for image in images]
        if any(files):
            if not all(files):
                message = "Files and arrays are not taken together."
                raise BadQueryError(message, hint="Give one kind, then the other.")
            given = [image_input(image, self.spec) for image in images]
            return encode_inputs(self, given, **more)
        counts = getattr(loaded, "band_counts", ())
        arrays = [checked_raster(image, self.spec.bands, counts=counts) for image in images]
        return self._checked(loaded.encode_image(arrays, **more))

    def encode_place(self, lonlat: Any) -> NDArray[np.float32]:  # noqa: ANN401
        """Turn places into unit vectors, shape (n, dim); `lonlat` (n, 2), degrees, longitude first.

        Raises:
            BadQueryError: If the encoder takes no places.
            BadPlaceError: If one is not on the globe.
        """
        loaded = self._able(EncodesPlace, "place")
        return self._checked(loaded.encode_place(checked_places(lonlat)))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        """Pass on what families have besides, such as `image_features` and `tokenize`."""
        if name.startswith("_") or name == "loaded":
            raise AttributeError(name)
        try:
            return getattr(self.loaded, name)
        except AttributeError:
            message = f"{self.spec.name} has no {name!r}"
            raise AttributeError(message) from None

    def _able(self, protocol: type[Any], kind: str) -> Any:  # noqa: ANN401
        if kind not in self.spec.modalities or not isinstance(self.loaded, protocol):
            message = f"The model {self.spec.name} takes no {kind}."
            raise BadQueryError(message, hint=f"It takes: {', '.join(self.spec.modalities)}.")
        return self.loaded

    def _remembered(self, texts: Sequence[str], *, warn: bool) -> NDArray[np.float32]:
        loaded = self._able(EncodesText, "text")
        with self._lock:
            known = {text: self._texts[text] for text in texts if text in self._texts}
        if new := [text for text in dict.fromkeys(texts) if text not in known]:
            if warn:
                self._tell_cut(new)
            known |= dict(zip(new, self._checked(loaded.encode_text(new)), strict=True))
        with self._lock:
            for text in texts:
                self._texts[text] = known[text]
                self._texts.move_to_end(text)
            while len(self._texts) > KEPT_TEXTS:
                self._texts.popitem(last=False)
        return np.stack([known[text] for text in texts]) if len(texts) else self._none()

    def _tell_cut(self, texts: Sequence[str]) -> None:
        cut = [
            text for text, too_long in zip(texts, self.cut_texts(texts), strict=True) if too_long
        ]
        if cut:
            context = getattr(self.loaded, "context", self.spec.context)
            more = f", and of {len(cut) - 1} more" if len(cut) > 1 else ""
            log.warning("Only the first %d tokens were read of: %s…%s", context, cut[0][:60], more)

    def _none(self) -> NDArray[np.float32]:
        return np.empty((0, self.dim), np.float32)

    def _checked(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        if vectors.ndim != 2 or vectors.shape[1] != self.dim:  # noqa: PLR2004
            message = f"{self.spec.name} gave vectors of shape {vectors.shape}."
            raise EexError(message, hint="This is a fault of the encoder; report it there.")
        return vectors


def checked_texts(texts: Sequence[str]) -> list[str]:
    """Return the texts, or refuse what cannot be encoded."""
    if isinstance(texts, str):
        message = "Expected a list of texts, got one text."
        raise BadQueryError(message, hint="Put it in a list: [text].")
    for text in texts:
        if not isinstance(text, str) or not text.strip():
            message = "A text is empty." if isinstance(text, str) else f"{text!r} is not a text."
            raise BadQueryError(message, hint='Describe what to see, such as "a sand desert".')
        if len(text) > MAX_CHARACTERS:
            message = f"A text has {len(text):,} characters; at most {MAX_CHARACTERS:,} are read."
            raise BadQueryError(message, hint="A sentence works best.")
    return list(texts)


def checked_places(lonlat: Any) -> NDArray[np.float64]:  # noqa: ANN401
    """Return places, shape (n, 2), or say which is not on the globe."""
    try:
        places = np.asarray(lonlat, np.float64)
    except (TypeError, ValueError) as error:
        message = "Places are pairs of numbers."
        raise BadPlaceError(message, hint="Give [[lon, lat], …] in degrees.") from error
    if places.shape == (2,):
        places = places[None]
    if places.shape == (0,):  # an empty list
        places = places.reshape(0, 2)
    if places.ndim != 2 or places.shape[1] != 2:  # noqa: PLR2004
        message = f"Expected (n, 2), got {places.shape}."
        raise BadPlaceError(message, hint="Give [[lon, lat], …] in degrees.")
    wrong = ~(np.abs(places) <= (180, 90)).all(axis=1)  # NaN is wrong too
    if wrong.any():
        lon, lat = places[np.argmax(wrong)]
        message = f"lon {lon:g}, lat {lat:g} is not on the globe."
        hint = "Longitude comes first: -180 to 180, then latitude: -90 to 90."
        if math.isfinite(lon) and abs(lat) <= 180 and abs(lon) <= 90:  # noqa: PLR2004
            hint += " They seem to be swapped."
        raise BadPlaceError(message, hint=hint)
    return places
