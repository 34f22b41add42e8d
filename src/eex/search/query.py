"""What is asked: one record, JSON-able and versioned, the same in Python, CLI, HTTP and files.

A query has parts. Each part becomes a unit vector; their weighted sum is the direction asked for.

    {"version": 1, "set": "world", "k": 10,
     "parts": [{"kind": "text", "text": "sand desert", "weight": 1.0}]}

`text`, `place` ([lon, lat]), `image` (base64) and `row` at the top level are short for a part;
`split` cuts texts into the concepts they name, a part each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from eex.config import MAX_K
from eex.errors import BadQueryError
from eex.search.compound import concepts_in
from eex.search.parts import ImagePart, Part, TextPart, part_from_json, part_from_short
from eex.search.rank import SCORE_KINDS, Match
from eex.values import (
    BBox,
    check_keys,
    check_unicode,
    integer,
    number_of,
    read_bbox,
    sequence,
    set_fields,
    shown,
)

VERSION = 1
"""Of the record; later versions read earlier ones."""

MAX_PARTS = 16
"""Most parts of one query."""

MAX_PICTURES = 4
"""Most pictures of one query; each costs the time and memory of decoding it."""

MAX_SPREAD_KM = 20_040
"""Half-way round the Earth, kilometres: nothing is further apart."""

MAX_PROMPTS = 100
"""Most sentences that a text is put into; 80 are known to be used."""

MAX_PROMPT = 200
"""Most characters of one of them."""

MAX_NAME = 1000
"""Most characters of the name or path of a set."""

_SHORT = ("text", "image", "place", "row")
_KEYS = (
    "version",
    "set",
    "parts",
    "k",
    "bbox",
    "spread_km",
    "top_percent",
    "prompts",
    "match",
    "text",
    "place",
    "image",
    "row",
    "weights",
    "split",
)


@dataclass(frozen=True, kw_only=True)
class Query:
    """What is asked."""

    parts: tuple[Part, ...]
    """At least one."""
    set: str = "world"
    """Name or path of the set."""
    k: int | None = None
    """How many results, 1 to 50,000; None is 10, or all of them with `top_percent`."""
    bbox: BBox | None = None
    """Only tiles whose centre lies inside, before ranking."""
    spread_km: float | None = None
    """Least distance between results, kilometres; None is the set's own, 0 with `top_percent`."""
    top_percent: float | None = None
    """Only tiles among the best this many percent of those ranked, over 0 to 100."""
    prompts: Sequence[str] | bool = ()
    """Sentences with `{}` that texts are put into, their vectors averaged; True for those of the
    model. Kept as a tuple."""
    match: Match = "sum"
    """How parts are joined: their weighted sum, or all of them at once (the lowest z-score)."""

    def __post_init__(self) -> None:
        set_fields(self, parts=tuple(self.parts))
        if not 1 <= len(self.parts) <= MAX_PARTS:
            message = f"A query has 1 to {MAX_PARTS} parts, this one has {len(self.parts)}."
            few = "Give a text, an image, a place or a row."
            many = "Leave some out; split makes a part of everything that a text lists."
            raise BadQueryError(message, hint=many if self.parts else few)
        if sum(isinstance(part, ImagePart) for part in self.parts) > MAX_PICTURES:
            message = f"A query has at most {MAX_PICTURES} pictures."
            raise BadQueryError(message)
        k = None if self.k is None else integer(self.k)
        if self.k is not None and (k is None or not 1 <= k <= MAX_K):
            message = f"k must be a whole number from 1 to {MAX_K:,}, got {shown(self.k)}."
            raise BadQueryError(message, hint="k is how many results are listed.")
        km = None if self.spread_km is None else number_of(self.spread_km, "spread_km")
        percent = None if self.top_percent is None else number_of(self.top_percent, "top_percent")
        bbox = None if self.bbox is None else read_bbox(self.bbox)
        set_fields(self, k=k, bbox=bbox, spread_km=km, top_percent=percent)
        if km is not None and not 0 <= km <= MAX_SPREAD_KM:
            message = f"spread_km must be from 0 to {MAX_SPREAD_KM:,}, got {km:g}."
            raise BadQueryError(message, hint="It is the least distance between results.")
        if percent is not None and not 0 < percent <= 100:  # noqa: PLR2004
            message = f"top_percent must be over 0 and at most 100, got {percent:g}."
            raise BadQueryError(message, hint="5 keeps the best twentieth.")
        set_fields(self, prompts=_prompts(self.prompts))
        if self.match not in tuple(SCORE_KINDS):  # which may be given anything
            message = f"match is 'sum' or 'all', got {shown(self.match)}."
            raise BadQueryError(message, hint="With 'all', a tile must fit every part.")
        if self.match == "all" and any(abs(part.weight) != 1 for part in self.parts):
            message = "With match 'all' every part counts alike: weights are 1 or -1."
            raise BadQueryError(message, hint="Leave weights out, or use match 'sum'.")

    def replaced(self, **values: Any) -> Query:  # noqa: ANN401
        """Return the same query with these in place of what was not given."""
        return replace(self, **values)

    @classmethod
    def from_json(cls, record: object) -> Query:
        """Read a query from a decoded JSON object.

        Raises:
            BadQueryError: If something in it is missing, unknown or out of range.
        """
        if not isinstance(record, Mapping):
            message = "A query is a JSON object."
            raise BadQueryError(message, hint='Such as {"text": "sand desert"}.')
        check_keys(record, _KEYS, "A query")
        if record.get("version", VERSION) != VERSION:
            given = shown(record["version"])
            message = f"This query is of version {given}; version {VERSION} is read."
            raise BadQueryError(message, hint="Update earth-embedding-explorer.")
        weights = record.get("weights") or {}
        if not isinstance(weights, Mapping):
            message = 'weights is an object such as {"text": 1, "place": 0.5}.'
            raise BadQueryError(message)
        short = [kind for kind in _SHORT if record.get(kind) is not None]
        if unknown := [name for name in weights if name not in short]:
            message = f"weights has {shown(unknown[0])}, which is not a part of this query."
            raise BadQueryError(message, hint="Parts of the list `parts` have their own `weight`.")
        name = record.get("set") or "world"
        if not isinstance(name, str) or len(name) > MAX_NAME:
            message = f"The name of a set is text, got {shown(name)}."
            raise BadQueryError(message)
        check_unicode(name)
        parts = [part_from_json(part) for part in sequence(record.get("parts", ()), "parts")]
        for kind in short:
            weight = weights.get(kind, 1.0)
            part = part_from_json(part_from_short(kind, record[kind]) | {"weight": weight})
            parts.append(part)
        if record.get("split"):
            parts = [piece for part in parts for piece in split(part)]
        options: dict[str, Any] = {
            name: record[name]
            for name in ("k", "spread_km", "top_percent", "prompts", "match")
            if record.get(name) is not None
        }
        return cls(
            parts=tuple(parts),
            set=name,
            bbox=record.get("bbox"),
            **options,
        )

    def to_json(self, *, pictures: bool = True) -> dict[str, Any]:
        """Return the query as a JSON-able record.

        Args:
            pictures: Put the bytes of pictures in, so that the record can be asked again; otherwise
                their SHA-256 stands for them.
        """
        record: dict[str, Any] = {"version": VERSION, "set": self.set}
        record["parts"] = [part.to_json() for part in self.parts]
        if not pictures:
            for part, entry in zip(self.parts, record["parts"], strict=True):
                if isinstance(part, ImagePart):
                    del entry["data"]
                    entry["sha256"] = hashlib.sha256(part.data).hexdigest()
        record["k"] = self.k
        record["bbox"] = None if self.bbox is None else list(self.bbox)
        record["spread_km"] = self.spread_km
        record["top_percent"] = self.top_percent
        record["prompts"] = self.prompts if isinstance(self.prompts, bool) else list(self.prompts)
        record["match"] = self.match
        return record


def split(part: Part) -> list[Part]:
    """Return a part for each concept of a text; any other part as it is."""
    if not isinstance(part, TextPart):
        return [part]
    return [replace(part, text=text) for text in concepts_in(part.text)]


def _prompts(value: object) -> tuple[str, ...] | bool:
    """Return sentences for texts as plain ones, or refuse them in words."""
    if isinstance(value, bool):
        return value or ()
    prompts = sequence(value, "prompts")
    if len(prompts) > MAX_PROMPTS:
        message = f"At most {MAX_PROMPTS} prompts are used, got {len(prompts)}."
        raise BadQueryError(message)
    for prompt in prompts:
        if not isinstance(prompt, str) or prompt.count("{}") != 1 or len(prompt) > MAX_PROMPT:
            message = f"A prompt is a short sentence with one {{}} for the words: {shown(prompt)}."
            raise BadQueryError(message, hint='Such as "a satellite image of {}".')
        check_unicode(prompt)
    return tuple(prompts)
