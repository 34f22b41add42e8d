"""What a query was taken for, and what a person should be careful about."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from eex.encoders.base import EncoderSpec, ReadAs, ReadsText
from eex.errors import NotUnderstoodError
from eex.places import Place, find_places, places_in
from eex.search.parts import TextPart
from eex.search.query import Query

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


def understand(query: Query, *, encoder: object, spec: EncoderSpec) -> Understood:
    """Say what texts are taken for, and which parts need a word of caution.

    Raises:
        NotUnderstoodError: If the encoder does not know the words; `details["places"]` has places
            that they may name.
    """
    texts = [part.text for part in query.parts if isinstance(part, TextPart)]
    kinds = dict.fromkeys(part.kind for part in query.parts)
    found = Understood(
        places=tuple(dict.fromkeys(place for text in texts for place in places_in(text))),
        messages=[spec.notices[kind] for kind in kinds if kind in spec.notices],
    )
    if texts and isinstance(encoder, ReadsText):
        found.read_as = tuple(entry for text in texts for entry in _read(encoder, text))
        found.messages += _doubts(encoder, found.read_as)
        if any(_NEGATION.search(text) for text in texts):
            found.messages.append("“No” and “not” are not understood: give a part a minus weight.")
    if query.bbox is not None and query.bbox[0] > query.bbox[2]:
        width = 360 + query.bbox[2] - query.bbox[0]
        found.messages.append(f"The box crosses 180 degrees and is {width:g} degrees wide.")
    return found


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
