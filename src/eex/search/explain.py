"""What a query was taken for, and what a person should be careful about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eex.encoders.base import EncoderSpec, ReadAs, ReadsText
from eex.errors import NotUnderstoodError
from eex.places import Place, find_places, places_in
from eex.search import contrast
from eex.search.parts import Part, TextPart
from eex.search.query import Query

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from eex.encoders.open import Encoder

LOOSE = 0.75
"""Likeness of words and the nearest known phrase below which an answer is called loose."""

SHORTEST_NAME = 3
"""Fewest letters that are looked up as the beginning of a place's name."""

_NEGATION = re.compile(r"\b(no|not|without|except|excluding)\b", re.IGNORECASE)


@dataclass
class Understood:
    """What a query was taken for; messages are added as it is answered."""

    read_as: tuple[ReadAs, ...] = ()
    """What the words were taken for, best first."""
    places: tuple[Place, ...] = ()
    """Places that the words name."""
    messages: list[str] = field(default_factory=list)
    """What a person should know about the answer."""


def understand(query: Query, *, encoder: Encoder | None, spec: EncoderSpec | None) -> Understood:
    """Say what texts are taken for, and which parts need a word of caution.

    Args:
        query: With prompts and options filled in.
        encoder: Of the set; None where no part needs it.
        spec: What is known of it; None where it is not here.

    Raises:
        NotUnderstoodError: If the encoder does not know the words; `details["places"]` has places
            that they may name.
    """
    texts = [part.text for part in query.parts if isinstance(part, TextPart)]
    kinds = dict.fromkeys(part.kind for part in query.parts)
    notices = {} if spec is None else spec.notices
    found = Understood(
        places=tuple(dict.fromkeys(place for text in texts for place in places_in(text))),
        messages=[notices[kind] for kind in kinds if kind in notices],
    )
    reader = None if encoder is None else encoder.loaded
    if texts and encoder is not None:
        found.messages += _as_read(texts, query, encoder)
    if texts and isinstance(reader, ReadsText):
        found.read_as = tuple(entry for text in texts for entry in _read(reader, text))
        found.messages += _doubts(reader, found.read_as)
        if any(_NEGATION.search(text) for text in texts):
            found.messages.append("“No” and “not” are not understood: give a part a minus weight.")
    bbox = query.filter.bbox
    if bbox is not None and bbox[0] > bbox[2]:
        width = 360 + bbox[2] - bbox[0]
        found.messages.append(f"The box crosses 180 degrees and is {width:g} degrees wide.")
    kind = query.joined_by.score_kind
    if query.joined_by.method == "minimum":
        found.messages.append(f"Scores are the {kind}: a tile must fit them all.")
    elif query.joined_by.method != "vector":
        found.messages.append(f"Scores are no cosines: {kind}.")
    return found


def weak_texts(parts: Sequence[Part], own: Sequence[NDArray[np.float32]]) -> list[str]:
    """Say which texts hardly tell the tiles apart, from the scores of each part alone."""
    told = []
    for part, scores in zip(parts, own, strict=False):
        if isinstance(part, TextPart) and contrast.reach(scores) < contrast.LOW:
            words = "The words" if len(parts) == 1 else f"The words “{part.text[:60]}”"
            told.append(
                f"{words} hardly lift the best tiles out of the rest: look twice at this order."
            )
    return told


def _as_read(texts: Sequence[str], query: Query, encoder: Encoder) -> list[str]:
    """Say what was put around texts, and what of them was not read."""
    prompts = query.prompts if isinstance(query.prompts, tuple) else ()
    told = []
    if prompts:
        more = f" and {len(prompts) - 3} more" if len(prompts) > 3 else ""  # noqa: PLR2004
        shown = ", ".join(f"“{prompt}”" for prompt in prompts[:3])
        told.append(f"The words were put into: {shown}{more}.")
    sentences = [p.replace("{}", text) for text in texts for p in prompts or ("{}",)]
    if any(encoder.cut_texts(sentences)):
        context = getattr(encoder.loaded, "context", encoder.spec.context)
        told.append(f"Only the first {context} tokens of the text were read.")
    return told


def _read(encoder: ReadsText, text: str) -> tuple[ReadAs, ...]:
    try:
        return encoder.read_as(text)
    except NotUnderstoodError as error:
        guesses = find_places(text, limit=5) if len(text.strip()) >= SHORTEST_NAME else ()
        places = tuple(dict.fromkeys([*places_in(text), *guesses]))
        error.details["places"] = [place.to_json() for place in places]
        if places:
            where = f"{places[0].lat:.2f}, {places[0].lon:.2f}"
            error.hint += f" {places[0].name} is a place: ask for it as a place, {where}."
        raise


def _doubts(encoder: ReadsText, read_as: tuple[ReadAs, ...]) -> list[str]:
    if not read_as:
        return []
    best, doubts = read_as[0], []
    if best.concept in {concept.name for concept in encoder.concepts() if not concept.reliable}:
        doubts.append(f"The model is weak at “{best.concept}”: trust this answer little.")
    if best.similarity < LOOSE:
        doubts.append(f"Only loosely understood; the nearest thing known is “{best.phrase}”.")
    return doubts
