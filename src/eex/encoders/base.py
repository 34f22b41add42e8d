"""What an encoder is: a record that says what it takes, and one small protocol per ability.

Everything in `EncoderSpec` is known without weights, so listing encoders loads none. Ours and a
plug-in's are declared alike, as entry points of the group `eex.encoders` that name a spec.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from eex.errors import BadQueryError
from eex.weights.records import Home, WeightFile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Modality = Literal["text", "image", "place"]
"""What can be turned into a vector."""

Pixels = Literal["picture", "sentinel2-l2a"]
"""What an image is to an encoder: a picture (height, width, 3), uint8, sRGB; or Sentinel-2 L2A
digital numbers (bands, height, width), 1/10 000 reflectance, in the order of its bands."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One way of running an encoder; vectors of two variants are not compared."""

    name: str
    """Short name; "official" is what the model's authors do."""
    title: str
    """What it does, and where it differs, in one sentence."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What the family's loader does with it."""


OFFICIAL = Variant(name="official", title="As the authors of the model run it.")


@dataclass(frozen=True, kw_only=True)
class EncoderSpec:
    """What is known of an encoder without loading it."""

    name: str
    """Unique name, as users type it."""
    title: str
    """For people."""
    dim: int
    """Length of one vector."""
    modalities: tuple[Modality, ...]
    """What it turns into vectors."""
    bands: tuple[str, ...] = ()
    """Band order of image input; empty if it takes no images."""
    pixels: Pixels = "picture"
    """What an image is to it."""
    image_size: int = 0
    """Height and width of the network's image input, pixels; 0 if it takes no images."""
    preprocessing: str = ""
    """What is done to an image before the network, in one sentence."""
    context: int = 0
    """Most tokens of a text, marks of beginning and end included; 0 if it takes no text."""
    licence: str = ""
    """SPDX name of the weights' licence."""
    attribution: str = ""
    """Who must be credited when results are shown."""
    source: str = ""
    """Paper or recipe that the weights come from."""
    paper: str = ""
    """Where the model is described."""
    weights: str = ""
    """Where the weights come from, pinned (hub id and commit, or a file in the package)."""
    files: tuple[WeightFile, ...] = ()
    """Files that must be fetched; empty if all is in the package."""
    homes: tuple[Home, ...] = ()
    """Repositories that have the files, the model's own first."""
    variants: tuple[Variant, ...] = (OFFICIAL,)
    """Ways of running it, the default first."""
    templates: tuple[str, ...] = ()
    """Sentences that suit the model around a few words, `{}` for the words; used when asked for."""
    heatmaps: bool = False
    """Whether it can say where in a picture a query fits."""
    verified: str = ""
    """What was compared with what, and what was not, in a sentence or two."""
    extra: str = ""
    """Extra of this package that must be installed to run it; empty if none."""
    good_for: str = ""
    """One sentence for a person choosing a model."""
    notice: str = ""
    """Shown with every answer; empty for real models."""
    notices: Mapping[str, str] = field(default_factory=dict)
    """Word of caution shown with answers to parts of a kind ("text", "image", "place")."""
    demo: bool = False
    """True for the embedded demonstration model, never for a real one."""
    load: Callable[..., object]
    """Device name -> encoder; the heavy imports happen inside. For a spec with `files` it is called
    as load(device, spec=, weights=, variant=, precision=), `weights` being the path of a file or
    folder."""

    def prompts(self) -> tuple[str, ...]:
        """Return the model's own templates.

        Raises:
            BadQueryError: If it has none.
        """
        if not self.templates:
            message = f"The model {self.name} has no prompts of its own."
            raise BadQueryError(message, hint='Give some, such as "a satellite image of {}".')
        return self.templates

    def variant(self, name: str = "") -> Variant:
        """Return the variant of that name, the default for an empty one.

        Raises:
            UnknownNameError: If there is no such variant.
        """
        for variant in self.variants:
            if name in {"", variant.name}:
                return variant
        from eex.registry import unknown_name

        known = tuple(variant.name for variant in self.variants)
        kind = f"variant of {self.name}"
        raise unknown_name(kind, name, known)


@runtime_checkable
class EncodesText(Protocol):
    """Turns words into vectors."""

    def encode_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, shape (len(texts), dim).

        Raises:
            NotUnderstoodError: If the encoder can tell that it does not know the words.
        """
        ...


@runtime_checkable
class EncodesImage(Protocol):
    """Turns pictures into vectors.

    An encoder that can be told more of them by keyword says so in an attribute `takes`, a set of
    names: "when" (one date or none for each), "lonlat" (n, 2).
    """

    def encode_image(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return unit vectors, shape (len(images), dim).

        Args:
            images: Each of shape (height, width, 3), sRGB, 0 to 255; sizes may differ. An array
                of shape (n, height, width, 3) is such a sequence.
        """
        ...


@runtime_checkable
class EncodesPlace(Protocol):
    """Turns places into vectors."""

    def encode_place(self, lonlat: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return unit vectors, shape (n, dim), for `lonlat` of shape (n, 2), degrees."""
        ...


@dataclass(frozen=True, kw_only=True)
class ReadAs:
    """One of the things that an encoder took a text for."""

    phrase: str
    """The known phrase nearest to the text."""
    concept: str
    """Name of the concept that the phrase belongs to."""
    similarity: float
    """Cosine between text and phrase, -1 to 1."""


@dataclass(frozen=True, kw_only=True)
class Concept:
    """One thing that a concept encoder knows."""

    name: str
    """Short name, as shown to people."""
    phrases: tuple[str, ...]
    """Words that it is known by."""
    reliable: bool = True
    """False where measured retrieval is weak; shown as such."""


@runtime_checkable
class ReadsText(Protocol):
    """Can say what it took a text for."""

    def read_as(self, text: str) -> tuple[ReadAs, ...]:
        """Return what the text was taken for, best first.

        Raises:
            NotUnderstoodError: If nothing known is near; `details["concepts"]` lists what is.
        """
        ...

    def concepts(self) -> tuple[Concept, ...]:
        """Return what is known, kinds of land first."""
        ...
