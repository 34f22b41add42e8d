"""How fast pictures and texts become vectors, beside `transformers` and beside the chip's limit.

    python benchmarks/encode.py [--quick] [--json] [--rounds N] [--models NAME …] [--device NAME]
                                [--precision NAME …] [--batch N]

Every model has its full published size and random weights: `transformers` makes and saves them, we
read the same file, so that both compute the same and the outputs can be compared. (Time does not
depend on the values.) Contestants take turns with one batch; ratios are medians of paired ratios.
The limit is the rate of one large matrix product on the same device, in the same precision,
measured in the same run.

Keys of the JSON, for each model, and for each precision where it says so:

    picture_ms, text_ms            our time for one picture or text, within a batch
    picture_ratio, text_ratio      our time / transformers' time; goal: at most 1
    pictures_per_s, texts_per_s    the same as a rate
    share_of_matrix_rate           multiplications and additions of the picture tower (torch's own
                                   counter) per second / those of the large product
    agreement                      largest difference from transformers' output / its largest value
    cosine_with_float32            lowest cosine of a vector with that of float32 (half precisions)
    memory_mb                      bytes of our weights / 10^6

and once: places_per_s (through SatCLIP L40's 1,600 harmonics and its network at full size), with
places_share_of_matrix_rate (of float32, the network's products only), matrix_rate_tflops for each
precision, machine, device.
"""

from __future__ import annotations

import gc
import logging
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from _measure import Times, emit, machine, median_ms, options, paired_ratio, say, take_turns

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"

import torch
import transformers
from torch.utils.flop_counter import FlopCounterMode

import eex

CLIP_TEXT = {
    "bos_token_id": 49406,
    "eos_token_id": 49407,
    "vocab_size": 49408,
    "num_hidden_layers": 12,
    "hidden_act": "quick_gelu",
}
SIDE = {"cuda": 8192, "cpu": 3072}
"""Rows and columns of the large product."""


@dataclass(frozen=True)
class Model:
    """One architecture as transformers describes it."""

    config: Callable[[], Any]
    make: Any
    reads: str
    """Name by which we read what transformers saved, `{}` for the folder."""
    size: int
    """Height and width of a picture."""
    context: int = 0
    """Tokens of a text; 0 without text."""
    variant: str = ""
    """Ours that computes what transformers does."""


def clip(width: int, layers: int, patch: int, text: int, out: int, *, size: int = 224) -> Any:
    vision = {
        "hidden_size": width,
        "intermediate_size": 4 * width,
        "num_hidden_layers": layers,
        "num_attention_heads": width // 64,
        "patch_size": patch,
        "image_size": size,
        "hidden_act": "quick_gelu",
    }
    words = CLIP_TEXT | {
        "hidden_size": text,
        "intermediate_size": 4 * text,
        "num_attention_heads": text // 64,
    }
    return transformers.CLIPConfig(text_config=words, vision_config=vision, projection_dim=out)


def siglip() -> Any:
    both = {
        "hidden_size": 1152,
        "intermediate_size": 4304,
        "num_hidden_layers": 27,
        "num_attention_heads": 16,
    }
    return transformers.SiglipConfig(
        vision_config={**both, "patch_size": 14, "image_size": 384},
        text_config={**both, "vocab_size": 32000, "max_position_embeddings": 64},
    )


def dinov2() -> Any:
    return transformers.Dinov2Config(
        hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, image_size=518
    )


MODELS = {
    "remoteclip-vit-b-32": Model(
        partial(clip, 768, 12, 32, 512, 512), transformers.CLIPModel, "remoteclip-vit-b-32", 224, 77
    ),
    "farslip-vit-b-16 (pictures)": Model(
        partial(clip, 768, 12, 16, 512, 512), transformers.CLIPModel, "clip:{}", 224
    ),
    "remoteclip-vit-l-14": Model(
        partial(clip, 1024, 24, 14, 768, 768),
        transformers.CLIPModel,
        "remoteclip-vit-l-14",
        224,
        77,
    ),
    "dinov2-large": Model(dinov2, transformers.Dinov2Model, "dinov2-large", 224),
    "siglip-so400m-14-384": Model(
        siglip, transformers.SiglipModel, "siglip-so400m-14-384", 384, 64, "transformers"
    ),
}
TINY = Model(partial(clip, 64, 2, 32, 64, 32, size=64), transformers.CLIPModel, "clip:{}", 64, 77)
"""For trying this file out, as `--models tiny`."""

QUICK = ("remoteclip-vit-b-32",)


def matrix_rate(device: torch.device, dtype: torch.dtype, *, rounds: int = 5) -> float:
    """Return multiplications and additions per second of one large product."""
    side = SIDE.get(device.type, SIDE["cpu"])
    a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))

    def product(_: int) -> None:
        (a @ b).sum().item()  # waits for the device

    times = take_turns({"product": product}, rounds=rounds)["product"]
    return 2 * side**3 / min(times)


def token_ids(model: Model, count: int) -> np.ndarray[Any, Any]:
    """Return texts of 12 words: begin and end marks where the model has them, then padding."""
    rng = np.random.default_rng(0)
    ids = np.zeros((count, model.context), np.int64)
    words = rng.integers(1000, 30_000, size=(count, 12))
    if model.context == 77:
        ids[:, 0], ids[:, 1:13], ids[:, 13] = 49406, words, 49407
    else:
        ids[:, :12], ids[:, 12:] = words, 1
    return ids


def features(output: Any) -> np.ndarray[Any, Any]:
    """Return the vectors in what transformers returned."""
    pooled = getattr(output, "pooler_output", output)
    return pooled.float().cpu().numpy()


class Peer:
    """What transformers does with the same weights."""

    def __init__(self, network: Any, device: torch.device, dtype: torch.dtype) -> None:
        self.network = network.to(device, dtype).eval()
        self.device, self.dtype = device, dtype

    def pictures(self, pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        inputs = torch.from_numpy(pixels).to(self.device, self.dtype)
        with torch.inference_mode():
            if isinstance(self.network, transformers.Dinov2Model):
                return self.network(inputs).last_hidden_state.mean(1).float().cpu().numpy()
            return features(self.network.get_image_features(pixel_values=inputs))

    def texts(self, ids: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        inputs = torch.from_numpy(ids).to(self.device)
        with torch.inference_mode():
            return features(self.network.get_text_features(input_ids=inputs))


def flops(encoder: Any, pixels: np.ndarray[Any, Any]) -> int:
    with FlopCounterMode(display=False) as counter:
        encoder.image_features(pixels)
    return int(counter.get_total_flops())


def agreement(ours: np.ndarray[Any, Any], theirs: np.ndarray[Any, Any]) -> float:
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


def lowest_cosine(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> float:
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return float(((a * b).sum(axis=1) / lengths).min())


def measure(name: str, asked: Any, rates: dict[str, float]) -> dict[str, Any]:
    """Return the figures of one model in each precision."""
    model, device = MODELS.get(name, TINY), torch.device(asked.device)
    rng = np.random.default_rng(0)
    pixels = rng.normal(size=(asked.batch, 3, model.size, model.size)).astype(np.float32)
    ids = token_ids(model, asked.batch) if model.context else None
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        torch.manual_seed(0)
        say(f"{name}: making random weights of full size")
        model.make(model.config()).save_pretrained(folder)
        whole = None
        for precision in asked.precision:
            say(f"{name}: {precision} on {device}")
            network = model.make.from_pretrained(folder)
            peer = Peer(network, device, getattr(torch, precision))
            ours = eex.encoder(
                model.reads.format(folder),
                weights=None if "{}" in model.reads else folder,
                device=asked.device,
                variant=model.variant,
                precision=precision,
            )
            vectors = ours.image_features(pixels)
            whole = vectors if precision == "float32" else whole
            figures[precision] = compare(ours, peer, pixels, ids, asked.rounds)
            figures[precision]["agreement"] = agreement(vectors, peer.pictures(pixels))
            done = flops(ours, pixels) / len(pixels) * figures[precision]["pictures_per_s"]
            figures[precision]["share_of_matrix_rate"] = float(f"{done / rates[precision]:.3g}")
            figures[precision]["memory_mb"] = round(ours.memory_bytes / 1e6)
            if whole is not None and precision != "float32":
                figures[precision]["cosine_with_float32"] = lowest_cosine(vectors, whole)
            del ours, peer, network
            gc.collect()
    return figures


def compare(ours: Any, peer: Peer, pixels: Any, ids: Any, rounds: int) -> dict[str, Any]:
    contests = {"picture": {"eex": lambda _: ours.image_features(pixels)}}
    contests["picture"]["transformers"] = lambda _: peer.pictures(pixels)
    if ids is not None:
        contests["text"] = {"eex": lambda _: ours.text_features(ids)}
        contests["text"]["transformers"] = lambda _: peer.texts(ids)
    figures: dict[str, Any] = {}
    for what, contest in contests.items():
        times: Times = take_turns(contest, rounds=rounds)
        figures[f"{what}_ms"] = round(median_ms(times, "eex") / len(pixels), 2)
        figures[f"{what}_ratio"] = paired_ratio(times, "eex", "transformers")
        figures[f"{what}s_per_s"] = round(1e3 * len(pixels) / median_ms(times, "eex"), 2)
    return figures


def places(rounds: int, count: int) -> tuple[float, float]:
    """Return places per second through SatCLIP L40, and products per second in its network."""
    layers = {"layers.0": (512, 1600), "layers.1": (512, 512), "last_layer": (256, 512)}
    rng = np.random.default_rng(0)
    tensors = {}
    for name, shape in layers.items():
        weight = rng.uniform(-1, 1, size=shape) / shape[1]
        tensors[f"model.nnet.{name}.weight"] = torch.from_numpy(weight)
        tensors[f"model.nnet.{name}.bias"] = torch.zeros(shape[0], dtype=torch.float64)
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/satclip.ckpt"
        torch.save({"state_dict": tensors}, path)
        encoder = eex.encoder("satclip-vit16-l40", weights=path, device="cpu")
    lonlat = np.column_stack([rng.uniform(-180, 180, count), rng.uniform(-90, 90, count)])
    times = take_turns({"places": lambda _: encoder.encode_place(lonlat)}, rounds=rounds)
    rate = count / min(times["places"])
    return rate, rate * 2 * sum(rows * columns for rows, columns in layers.values())


def main() -> None:
    parser = options(__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", choices=[*MODELS, "tiny"])
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--precision", nargs="+", default=["float32"])
    parser.add_argument("--batch", type=int, default=4)
    asked = parser.parse_args()
    asked.rounds = asked.rounds or (3 if asked.quick else 7)
    logging.getLogger("eex").setLevel(logging.ERROR)
    transformers.logging.disable_progress_bar()
    rates = {
        name: matrix_rate(torch.device(asked.device), getattr(torch, name))
        for name in asked.precision
    }
    names = asked.models or (QUICK if asked.quick else tuple(MODELS))
    models = {name: measure(name, asked, rates) for name in names}
    say("places through SatCLIP's harmonics and network")
    per_s, products = places(asked.rounds, 20_000 if asked.quick else 100_000)
    whole = rates.get("float32") or matrix_rate(torch.device("cpu"), torch.float32)
    result = {
        "places_per_s": round(per_s),
        "places_share_of_matrix_rate": float(f"{products / whole:.3g}"),
        "batch": asked.batch,
        "device": asked.device,
        "threads": torch.get_num_threads(),
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "matrix_rate_tflops": {name: round(rate / 1e12, 3) for name, rate in rates.items()},
        "models": models,
        "machine": machine(),
    }
    keys = ("picture_ms", "picture_ratio", "text_ms", "text_ratio", "share_of_matrix_rate")
    rows = [["", "precision", *keys, "agreement"]]
    for name, figures in models.items():
        for precision, some in figures.items():
            cells = [str(some.get(key, "")) for key in keys]
            rows.append([name, precision, *cells, f"{some['agreement']:.1e}"])
    emit(result, as_json=asked.json, tables=[("Ours beside transformers, same weights", rows)])


if __name__ == "__main__":
    sys.exit(main())
