"""Texts become the token ids of the references."""

from __future__ import annotations

import gzip
import hashlib
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eex.encoders.clip_tokens import END, MERGES, START, ClipTokenizer, cleaned
from eex.encoders.siglip_tokens import FileTokenizer
from pair_checkpoints import transformers, word_tokenizer
from shared_data import golden, needs_shared, shared

PAIRS = "d308b7377a8ceaa9707a21614fe8c831b9196e197b7aeb69833359362907af02"
"""SHA-256 of the pairs that CLIP uses, one a line."""

pytest.importorskip("ftfy")
pytest.importorskip("tokenizers")


@needs_shared
@pytest.mark.parametrize(
    ("prompts", "ids", "context"),
    [
        ("remoteclip/inputs/prompts.json", "remoteclip/expected/prompts_token_ids_77.npy", 77),
        ("farslip/inputs/prompts.json", "farslip/expected/prompts_token_ids_248.npy", 248),
        (
            "remoteclip/inputs/prompts_unicode.json",
            "remoteclip/expected/prompts_unicode_token_ids_77.npy",
            77,
        ),
    ],
)
def test_ids_are_open_clips(prompts: str, ids: str, context: int) -> None:
    np.testing.assert_array_equal(ClipTokenizer(context).ids(golden(prompts)), golden(ids))


@needs_shared
def test_texts_are_cleaned_as_open_clip_cleans_them() -> None:
    texts = golden("remoteclip/inputs/prompts_unicode.json")
    expected = golden("remoteclip/expected/prompts_unicode_cleaned.json")
    assert [cleaned(text) for text in texts] == expected
    texts, expected = (
        golden(f"siglip/{name}")
        for name in ("inputs/prompts.json", "expected/prompts_canonicalized.json")
    )
    assert [cleaned(text, "canonicalize") for text in texts] == expected


@needs_shared
@pytest.mark.parametrize("clean", ["canonicalize", "whitespace"])
def test_ids_are_siglips(clean: str) -> None:
    tokenizer = FileTokenizer(shared("siglip/tokenizer_tiny"), clean=clean)
    expected = golden(f"siglip/expected/tiny_tokenizer_ids_{clean}.npy")
    np.testing.assert_array_equal(tokenizer.ids(golden("siglip/inputs/prompts.json")), expected)


def test_the_vocabulary_is_the_published_one() -> None:
    lines = gzip.decompress(MERGES.read_bytes())
    assert lines.count(b"\n") == 48_894
    assert hashlib.sha256(lines).hexdigest() == PAIRS
    assert "MIT License" in MERGES.with_name("CLIP-VOCABULARY.txt").read_text(encoding="utf-8")


def test_known_ids() -> None:
    """As published in OpenAI's notebook, and of words that every user of CLIP has seen."""
    ids = ClipTokenizer().ids(["a diagram", "a dog", "Hello World!"])
    assert ids.shape == (3, 77)
    assert ids.dtype == np.int64
    assert ids[0, :5].tolist() == [49406, 320, 22697, 49407, 0]
    assert ids[1, :5].tolist() == [49406, 320, 1929, 49407, 0]
    assert ids[2, :5].tolist() == [49406, 3306, 1002, 256, 49407]


@pytest.fixture(scope="module")
def oracle() -> Any:
    """The tokenizer of transformers with our list of pairs."""
    lines = gzip.decompress(MERGES.read_bytes()).decode().splitlines()
    merges = [tuple(line.split(" ")) for line in lines]
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = [chr(byte) for byte in visible] + [chr(256 + n) for n in range(256 - len(visible))]
    names = [*letters, *(f"{letter}</w>" for letter in letters), *("".join(m) for m in merges)]
    names += ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {name: number for number, name in enumerate(names)}
    assert len(vocabulary) == 49_408
    return transformers.CLIPTokenizer(vocab=vocabulary, merges=merges)


def test_ids_are_those_of_transformers(oracle: Any) -> None:
    texts = [
        "a satellite image of a glacier",
        "it's they're we'd I'll 2024 3.14",
        "snow-covered mountains; 2,500 m a.s.l.!!!",
        "solárne panely, désert & oued",
        "北京首都国际机场 وادي Пустыня",
        "aaaaaaaaaaaaaaaaaaaaaaaaa bananananana mississippi",
        "supercalifragilisticexpialidocious antidisestablishmentarianism",
    ]
    rng = np.random.default_rng(0)
    texts += ["".join(rng.choice([*"etaoin shrdlu"], 60)).strip() + "." for _ in range(50)]
    made = ClipTokenizer(300).ids(texts)
    for text, ids in zip(texts, made, strict=True):
        expected = oracle(text)["input_ids"]
        assert ids[: len(expected)].tolist() == expected, text
        assert not ids[len(expected) :].any()


def test_a_long_text_is_cut_and_told() -> None:
    tokenizer = ClipTokenizer(8)
    texts = ["tile " * 6, "tile " * 7, "", "tile"]
    ids = tokenizer.ids(texts)
    assert (ids[:, 0] == START).all()
    assert ids[0, -1] == ids[1, -1] == END
    assert ids[2].tolist() == [START, END, 0, 0, 0, 0, 0, 0]
    assert tokenizer.cut(texts) == [False, True, False, False]


@pytest.mark.parametrize("text", ["q" * 10_000, "word " * 2_000, "é🛰\udc80" * 3_000])
def test_ten_thousand_letters_take_no_time(text: str) -> None:
    tokenizer = ClipTokenizer()
    tokenizer.ids(["warm"])
    begin = time.perf_counter()
    assert tokenizer.ids([text])[0, -1] == END
    assert tokenizer.cut([text]) == [True]
    assert time.perf_counter() - begin < 5


@pytest.mark.parametrize(
    ("text", "lower", "canonical"),
    [
        ("A Satellite_Image!", "a satellite_image!", "a satellite image"),
        ("coast-line,  (harbour)\n&amp; bay?", "coast-line, (harbour) & bay?",
         "coastline harbour bay"),
        ("&amp;lt;b&amp;gt; “quoted”", '<b> "quoted"', "b quoted"),
        ("\uff26\uff35\uff2c\uff2c schÃ¶n ﬁeld", "full schön field", "full schön field"),
    ],
)  # fmt: skip
def test_texts_are_cleaned(text: str, lower: str, canonical: str) -> None:
    assert cleaned(text) == lower
    assert cleaned(text, "canonicalize") == canonical


def test_a_vocabulary_from_a_file(tmp_path: Path) -> None:
    word_tokenizer(tmp_path, "a lake ice")
    tokenizer = FileTokenizer(tmp_path, context=6)
    ids = tokenizer.ids(["A lake!", "", "a lake ice a lake ice a"])
    assert tokenizer.ids(["half a letter \udc80"]).shape == (1, 6)
    assert ids.tolist() == [[3, 4, 1, 1, 1, 1], [1] * 6, [3, 4, 5, 3, 4, 1]]
    assert tokenizer.cut(["a lake ice a lake", "a lake ice a lake ice"]) == [False, True]
    word = tmp_path / "weights.safetensors"
    word.write_bytes(b"")
    assert FileTokenizer(word, context=6).pad == 1
