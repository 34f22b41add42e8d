"""CLIP and SigLIP ready to use: texts and pictures to vectors of one space."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from eex.encoders.clip_net import ClipNet, clip_network
from eex.encoders.clip_tokens import ClipTokenizer, cleaned
from eex.encoders.layouts import translated
from eex.encoders.pair_config import CLIP_RULES, CLIP_VOCABULARY, SIGLIP_RULES, PairConfig
from eex.encoders.published import check_sizes
from eex.encoders.running import Precision, TorchEncoder, in_batches, patches_of, unit
from eex.encoders.siglip_net import SiglipNet, siglip_network
from eex.encoders.siglip_tokens import TOKENIZER_FILE, FileTokenizer
from eex.errors import BadQueryError, DamagedWeightsError, ShapeError
from eex.weights.read import one_of, read_checkpoint

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from eex.encoders.base import EncoderSpec, Variant

GPU_BATCH = 64
"""Inputs that go through the network at once on a GPU."""

SIZES = ("patch", "width", "depth", "grid", "width of texts", "context", "vocabulary")

PUBLISHED = {
    name: dict(zip(SIZES, sizes, strict=True))
    for name, sizes in {
        "remoteclip-vit-b-32": (32, 768, 12, 7, 512, 77, 49408),
        "remoteclip-vit-l-14": (14, 1024, 24, 16, 768, 77, 49408),
        "farslip-vit-b-16": (16, 768, 12, 14, 512, 248, 49408),
        "siglip-so400m-14-384": (14, 1152, 27, 27, 1152, 64, 32000),
    }.items()
}
"""Sizes of both towers, by model."""


class Tokenizes(Protocol):
    """Texts to ids."""

    def ids(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Return ids, shape (n, context)."""
        ...

    def cut(self, texts: Sequence[str]) -> list[bool]:
        """Say of each text whether it is too long."""
        ...


class PairEncoder(TorchEncoder):
    """Texts and pictures to vectors of one space."""

    network: ClipNet | SiglipNet

    def __init__(
        self,
        network: ClipNet | SiglipNet,
        *,
        spec: EncoderSpec,
        variant: Variant,
        config: PairConfig,
        tokenizer: Callable[[], Tokenizes],
        values: dict[str, float],
        device: str = "cpu",
        precision: Precision = "float32",
    ) -> None:
        """Put a filled network on a device; the tokenizer is made when first a text comes."""
        dim = network.text_proj.out_features
        super().__init__(
            network,
            spec=replace(spec, dim=dim),
            variant=variant,
            dim=dim,
            device=device,
            precision=precision,
        )
        self.batch = GPU_BATCH if self.device.type == "cuda" else self.batch
        self.config = config
        self.prepare = config.prepare
        self.logit_scale = values.get("logit_scale")
        """Logarithm of what cosines were multiplied with in training, if the file tells."""
        self.logit_bias = values.get("logit_bias")
        """What was added to them (SigLIP), if the file tells."""
        self._make_tokenizer = tokenizer
        self._tokenizer: Tokenizes | None = None

    @property
    def context(self) -> int:
        """Most tokens of a text, the marks included."""
        return self.network.text.config.context

    @property
    def patch_grid(self) -> tuple[int, int]:
        """Patches down and across a picture that `preprocess` made."""
        return self.network.visual.config.grid

    @property
    def ways(self) -> tuple[str, ...]:
        """Ways to `patch_features`, the default first."""
        return self.network.ways

    @property
    def tokenizer(self) -> Tokenizes:
        """Texts to ids.

        Raises:
            MissingWeightsError: If the vocabulary's file is not beside the weights.
        """
        if self._tokenizer is None:
            self._tokenizer = self._make_tokenizer()
        return self._tokenizer

    def tokenize(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Return token ids, shape (len(texts), context); texts that are too long are cut."""
        return self.tokenizer.ids(texts)

    def cut_texts(self, texts: Sequence[str]) -> tuple[bool, ...]:
        """Say of each text whether the model reads only its beginning."""
        return tuple(self.tokenizer.cut(texts))

    def preprocess(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return network input (n, 3, size, size) for pictures (height, width, 3), 0 to 255."""
        return self.prepare.batch(images)

    def text_features(self, ids: Any) -> NDArray[np.float32]:  # noqa: ANN401
        """Return raw vectors, shape (n, dim), not of length 1, for token ids (n, context).

        Raises:
            ShapeError: If there are too many ids, or ids that the model does not know.
        """
        return self.run(self.network.encode_ids, _whole_numbers(ids))

    def image_features(self, pixels: Any) -> NDArray[np.float32]:  # noqa: ANN401
        """Return raw vectors, shape (n, dim), not of length 1, for network input (n, 3, h, w).

        Raises:
            ShapeError: If pictures have another size than the model takes.
        """
        return self.run(self.network.encode_pixels, pixels)

    def patch_features(
        self,
        pixels: Any,  # noqa: ANN401
        how: str = "",
        *,
        residual: bool = False,
    ) -> NDArray[np.float32]:
        """Return a raw vector for each patch, shape (n, down, across, dim), not of length 1.

        Args:
            pixels: Network input, shape (n, 3, h, w); any size of whole patches, positions are
                resized to it.
            how: One of `ways`; the first by default. CLIP: as ClearCLIP does it
                (`ClipNet.dense`). SigLIP: a way of our own (`SiglipNet.dense`).
            residual: Keep the last block's residual path and feed-forward.

        Raises:
            BadQueryError: If there is no such way.
        """
        how = how or self.ways[0]
        grid = patches_of(pixels, self.network.visual.config.patch, self.patch_grid)

        def dense(batch: Tensor) -> Tensor:
            return self.network.dense(batch, how, residual=residual)

        return self.run(dense, pixels, each=(*grid, self.dim))

    def encode_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, shape (len(texts), dim).

        Raises:
            BadQueryError: If cleaning leaves nothing of a text, such as one of punctuation alone,
                or the vocabulary has no sign for any of it.
        """
        for text in texts:
            if not cleaned(text, self.config.clean):
                message = f"{self.spec.name} reads nothing of the text {text[:60]!r}."
                raise BadQueryError(message, hint="It drops punctuation; describe it in words.")
        if isinstance(self.tokenizer, FileTokenizer):
            for text, known in zip(texts, self.tokenizer.known(texts), strict=True):
                if not known:
                    message = f"{self.spec.name} has no sign for anything in {text[:60]!r}."
                    raise BadQueryError(message, hint="Describe it in English.")
        return unit(self.text_features(self.tokenize(texts)))

    def encode_image(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return unit vectors, shape (len(images), dim)."""
        return unit(in_batches(images, self.batch, self._raw, self.dim))

    def _raw(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return self.image_features(self.preprocess(images))


def load_pair(
    device: str,
    *,
    spec: EncoderSpec,
    weights: Path,
    variant: Variant,
    precision: Precision,
    config: PairConfig | None,
    files: tuple[str, ...],
    rules: PairConfig = CLIP_RULES,
) -> PairEncoder:
    """Return a CLIP or SigLIP filled with the weights at a path.

    Args:
        device: cpu, cuda, mps or auto.
        spec: What is known of it.
        weights: A file, or a folder that has one of `files`.
        variant: The way of running it, handed on.
        precision: Number format.
        config: What shapes do not tell; None: the rules of the family that the tensors are of.
        files: Names of weights in a folder, the preferred first.
        rules: Those of CLIP.

    Raises:
        MissingWeightsError: If the folder has none of the files.
        DamagedWeightsError: If the file is not whole, not safe to read or of another model.
    """
    file = one_of(weights, files)
    content = translated(read_checkpoint(file).tensors, path=file, model=spec.name)
    if config is None:
        config = SIGLIP_RULES if "pool.latent" in content.tensors else rules
    pooled = "pool.latent" in content.tensors
    if pooled != (config.family == "siglip"):
        kinds = ("SigLIP", "CLIP") if pooled else ("CLIP", "SigLIP")
        message = f"{file} holds a {kinds[0]}, but {spec.name} is a {kinds[1]}."
        raise DamagedWeightsError(message, hint="Check that file and model belong together.")
    make = clip_network if config.family == "clip" else siglip_network
    network: ClipNet | SiglipNet = make(content.tensors, config, path=file, model=spec.name)
    check_sizes(_sizes(network), PUBLISHED, model=spec.name, path=file)
    bands = network.visual.config.bands
    if bands != 3:  # noqa: PLR2004
        message = f"{file} takes pictures of {bands} bands, not of 3."
        raise DamagedWeightsError(message, hint="Check that file and model belong together.")
    vision = network.visual.config
    if config.prepare.size // vision.patch != vision.grid[0]:
        size = vision.grid[0] * vision.patch
        config = replace(config, prepare=replace(config.prepare, size=size, resize_to=0))
    told = config
    return PairEncoder(
        network,
        spec=replace(spec, image_size=config.prepare.size, context=network.text.config.context),
        variant=variant,
        config=config,
        tokenizer=lambda: _tokenizer(weights, network, told),
        values=content.values,
        device=device,
        precision=precision,
    )


def _tokenizer(weights: Path, network: ClipNet | SiglipNet, config: PairConfig) -> Tokenizes:
    text = network.text.config
    if config.family == "clip" and text.vocabulary == CLIP_VOCABULARY:
        return ClipTokenizer(text.context, clean=config.clean)
    made = FileTokenizer(weights, context=text.context, clean=config.clean)
    if made.size > text.vocabulary:
        message = f"{TOKENIZER_FILE} has {made.size:,} tokens, the model {text.vocabulary:,}."
        raise DamagedWeightsError(message, hint="Get both from the same place.")
    return made


def _sizes(network: ClipNet | SiglipNet) -> dict[str, int]:
    vision, text = network.visual.config, network.text.config
    pictures = (vision.patch, vision.width, vision.depth, vision.grid[0])
    return dict(zip(SIZES, (*pictures, text.width, text.context, text.vocabulary), strict=True))


def _whole_numbers(ids: Any) -> Any:  # noqa: ANN401
    if isinstance(ids, list | tuple):
        ids = np.asarray(ids)
    kind = str(getattr(ids, "dtype", ""))
    if "int" not in kind:
        message = f"Token ids are whole numbers, got {kind or type(ids).__name__}."
        raise ShapeError(message, hint="Use `tokenize`.")
    return ids.astype(np.int64) if isinstance(ids, np.ndarray) else ids.long()
