"""What is asked: one record, JSON-able and versioned, the same in Python, CLI, HTTP and files.

A query has parts. Each becomes a unit vector; how they are joined is its `fusion`.

    {"version": 2, "set": "world", "k": 10,
     "parts": [{"kind": "text", "text": "sand desert", "weight": 1.0}],
     "filter": {"bbox": [-20, 0, 60, 40], "where": "cloud_cover < 20"},
     "fusion": {"method": "vector", "calibration": "z"}}

`text`, `place` ([lon, lat]), `image` (base64) and `row` at the top level are short for a part,
`bbox` for that of the filter, `match` ("sum" or "all") for the fusion; version 1 had only these.
`split` cuts texts into the concepts they name, a part each. Several sets, `sets`, are asked
together: the results are tiles of the first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from eex.config import MAX_K
from eex.errors import BadQueryError
from eex.filters.record import Filter
from eex.search.compound import concepts_in
from eex.search.fusion import Fusion
from eex.search.parts import (
    MAX_NAME,
    ImagePart,
    Part,
    TextPart,
    part_from_json,
    part_from_short,
)
from eex.values import (
    check_keys,
    check_unicode,
    integer,
    number_of,
    sequence,
    set_fields,
    shown,
)

VERSION = 2
"""Of the record; later versions read earlier ones."""

READ = (1, 2)
"""Versions that are read."""

MAX_PARTS = 16
"""Most parts of one query."""

MAX_PICTURES = 4
"""Most pictures of one query; each costs the time and memory of decoding it."""

MAX_SPREAD_KM = 20_040
"""Half-way round the Earth, kilometres: nothing is further apart."""

LEAST_CELL_KM, MAX_CELL_KM = 0.01, 20_000
"""Sides of grid cells of which one result each is taken, kilometres."""

LEAST_LIKENESS = 0.01
"""Least cosine from which tiles can be repeats."""

MAX_PROMPTS = 100
"""Most sentences that a text is put into; 80 are known to be used."""

MAX_PROMPT = 200
"""Most characters of one of them."""

MAX_SETS = 8
"""Most sets that are asked together."""

MATCHES: dict[str, Fusion] = {
    "sum": Fusion(method="vector", calibration="z"),
    "all": Fusion(method="minimum", calibration="z"),
}
"""What `match` is short for."""

_SHORT = ("text", "image", "place", "row")
_OPTIONS = (
    "k",
    "spread_km",
    "one_per_cell",
    "diversity",
    "repeats",
    "top_percent",
    "prompts",
)
_KEYS = (
    "version",
    "set",
    "sets",
    "parts",
    "filter",
    *_OPTIONS,
    "fusion",
    "bbox",
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
    """Name or path of the set; of several, the one whose tiles are the results."""
    also: tuple[str, ...] = ()
    """Further sets that are asked with it, of the same tiles, as a rule by other models."""
    k: int | None = None
    """How many results, 1 to 50,000; None is 10, or all of them with `top_percent`."""
    filter: Filter = field(default_factory=Filter)
    """Only these tiles, before ranking."""
    spread_km: float | None = None
    """Least distance between results, kilometres; None is the set's own, 0 with `top_percent`."""
    one_per_cell: float | None = None
    """At most one result for each cell of a Major TOM grid with so many kilometres a side."""
    diversity: float | None = None
    """Share of novelty in choosing results, 0 to 1 (maximal marginal relevance); None for none."""
    repeats: float | None = None
    """Cosine, 0 to 1, from which a tile only repeats a better one and joins it; None for none."""
    top_percent: float | None = None
    """Only tiles among the best this many percent of those ranked, over 0 to 100."""
    prompts: Sequence[str] | bool = ()
    """Sentences with `{}` that texts are put into, their vectors averaged; True for those of the
    model. Kept as a tuple."""
    fusion: Fusion | None = None
    """How parts are joined; None is `vector`, or `sum` where several sets are asked."""

    def __post_init__(self) -> None:
        set_fields(self, parts=tuple(self.parts), also=tuple(self.also))
        if not 1 <= len(self.parts) <= MAX_PARTS:
            message = f"A query has 1 to {MAX_PARTS} parts, this one has {len(self.parts)}."
            few = "Give a text, an image, a place or a row."
            many = "Leave some out; split makes a part of everything that a text lists."
            raise BadQueryError(message, hint=many if self.parts else few)
        if sum(isinstance(part, ImagePart) for part in self.parts) > MAX_PICTURES:
            message = f"A query has at most {MAX_PICTURES} pictures."
            raise BadQueryError(message)
        self._check_sets()
        self._check_numbers()
        set_fields(self, prompts=_prompts(self.prompts))
        if self.fusion is not None:
            set_fields(self, fusion=Fusion.from_json(self.fusion))
            _check_fusion(self.fusion, self)
        if self.joined_by.method == "rrf" and self.top_percent is not None:
            message = "The best percent of ranks is not asked for: ranks look at a window only."
            raise BadQueryError(message, hint='Take fusion "sum", or k results.')

    def _check_sets(self) -> None:
        """Refuse names of sets that are none, come twice, or are named by parts alone."""
        for name in (self.set, *self.also):
            _check_name(name)
        if len({*self.sets}) != len(self.sets) or len(self.sets) > MAX_SETS:
            message = f"1 to {MAX_SETS} different sets are asked together, got {len(self.sets)}."
            raise BadQueryError(message, hint="Name each set once.")
        for part in self.parts:
            if part.set and part.set not in self.sets:
                message = f"A part is for the set {part.set!r}, which is not asked."
                raise BadQueryError(message, hint=f"Asked: {', '.join(self.sets)}.")

    def _check_numbers(self) -> None:
        """Make plain numbers of what is one, or refuse it."""
        k = None if self.k is None else integer(self.k)
        if self.k is not None and (k is None or not 1 <= k <= MAX_K):
            message = f"k must be a whole number from 1 to {MAX_K:,}, got {shown(self.k)}."
            raise BadQueryError(message, hint="k is how many results are listed.")
        set_fields(self, k=k)
        about = {
            "spread_km": (0, MAX_SPREAD_KM, "It is the least distance between results."),
            "one_per_cell": (LEAST_CELL_KM, MAX_CELL_KM, "It is a grid cell's side, kilometres."),
            "diversity": (0, 1, "0.3 trades some fit for results that differ."),
            "repeats": (LEAST_LIKENESS, 1, "0.98 joins tiles that are nearly the same."),
        }
        for name, (least, most, hint) in about.items():
            value = getattr(self, name)
            number = None if value is None else number_of(value, name)
            set_fields(self, **{name: number})
            if number is not None and not least <= number <= most:
                message = f"{name} must be from {least:g} to {most:,}, got {number:g}."
                raise BadQueryError(message, hint=hint)
        percent = None if self.top_percent is None else number_of(self.top_percent, "top_percent")
        set_fields(self, top_percent=percent)
        if percent is not None and not 0 < percent <= 100:  # noqa: PLR2004
            message = f"top_percent must be over 0 and at most 100, got {percent:g}."
            raise BadQueryError(message, hint="5 keeps the best twentieth.")

    @property
    def sets(self) -> tuple[str, ...]:
        """All sets that are asked, the one whose tiles are the results first."""
        return (self.set, *self.also)

    @property
    def joined_by(self) -> Fusion:
        """How parts are joined, the default filled in."""
        if self.fusion is not None:
            return self.fusion
        return Fusion(method="sum") if self.also else Fusion()

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
        if record.get("version", VERSION) not in READ:
            given = shown(record["version"])
            message = f"This query is of version {given}; versions 1 to {VERSION} are read."
            raise BadQueryError(message, hint="Update earth-embedding-explorer.")
        sets = sets_of(record)
        parts = _parts(record)
        options: dict[str, Any] = {
            name: record[name] for name in _OPTIONS if record.get(name) is not None
        }
        return cls(
            parts=tuple(parts),
            set=sets[0],
            also=tuple(sets[1:]),
            filter=_filter(record),
            fusion=_fusion(record),
            **options,
        )

    def to_json(self, *, pictures: bool = True) -> dict[str, Any]:
        """Return the query as a JSON-able record.

        Args:
            pictures: Put the bytes of pictures in, so that the record can be asked again; otherwise
                their SHA-256 stands for them.
        """
        record: dict[str, Any] = {"version": VERSION, "set": self.set}
        if self.also:
            record["sets"] = list(self.sets)
            del record["set"]
        record["parts"] = [part.to_json() for part in self.parts]
        if not pictures:
            for part, entry in zip(self.parts, record["parts"], strict=True):
                if isinstance(part, ImagePart):
                    del entry["data"]
                    entry["sha256"] = hashlib.sha256(part.data).hexdigest()
        record["filter"] = self.filter.to_json()
        for name in _OPTIONS:
            record[name] = getattr(self, name)
        record["prompts"] = self.prompts if isinstance(self.prompts, bool) else list(self.prompts)
        record["fusion"] = None if self.fusion is None else self.fusion.to_json()
        return record


def sets_of(record: Mapping[str, Any]) -> list[str]:
    """Return the names of the sets that a record asks.

    Raises:
        BadQueryError: If they are no names.
    """
    one, several = record.get("set"), record.get("sets")
    names = ["world" if one is None else one] if several is None else sequence(several, "sets")
    for name in names:
        _check_name(name)
    if not names or (one is not None and one != names[0]):
        message = "sets lists the names of the sets that are asked, and set is the first of them."
        raise BadQueryError(message, hint="Give one of both.")
    return list(names)


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME:
        message = f"The name of a set is text, got {shown(name)}."
        raise BadQueryError(message)
    check_unicode(name)


def _parts(record: Mapping[str, Any]) -> list[Part]:
    """Return the parts of a record, short ones included."""
    weights = record.get("weights") or {}
    if not isinstance(weights, Mapping):
        message = 'weights is an object such as {"text": 1, "place": 0.5}.'
        raise BadQueryError(message)
    short = [kind for kind in _SHORT if record.get(kind) is not None]
    if unknown := [name for name in weights if name not in short]:
        message = f"weights has {shown(unknown[0])}, which is not a part of this query."
        raise BadQueryError(message, hint="Parts of the list `parts` have their own `weight`.")
    given = record.get("parts")
    parts = [part_from_json(part) for part in sequence(() if given is None else given, "parts")]
    for kind in short:
        weight = weights.get(kind, 1.0)
        parts.append(part_from_json(part_from_short(kind, record[kind]) | {"weight": weight}))
    return [piece for part in parts for piece in split(part)] if record.get("split") else parts


def _filter(record: Mapping[str, Any]) -> Filter:
    """Return the filter of a record, with its short box."""
    given, bbox = record.get("filter"), record.get("bbox")
    inside = {} if given is None else given
    if isinstance(inside, Filter):
        inside = inside.to_json()
    if bbox is None:
        return Filter.from_json(inside)
    if not isinstance(inside, Mapping) or inside.get("bbox") is not None:
        message = "bbox is short for that of the filter: give one of both."
        raise BadQueryError(message)
    return Filter.from_json({**inside, "bbox": bbox})


def _fusion(record: Mapping[str, Any]) -> Fusion | None:
    """Return how a record joins its parts, by its own name or by `match`."""
    fusion, match = record.get("fusion"), record.get("match")
    if match is None:
        return None if fusion is None else Fusion.from_json(fusion)
    if fusion is not None:
        message = "match is short for a fusion: give one of both."
        raise BadQueryError(message)
    return fusion_of(match)


def fusion_of(match: object) -> Fusion:
    """Return what `match` is short for.

    Raises:
        BadQueryError: If it is nothing.
    """
    if not isinstance(match, str) or match not in MATCHES:
        message = f"match is 'sum' or 'all', got {shown(match)}."
        raise BadQueryError(message, hint="With 'all', a tile must fit every part.")
    return MATCHES[match]


def _check_fusion(fusion: Fusion, query: Query) -> None:
    """Refuse what cannot be joined this way."""
    if fusion.method == "minimum" and any(abs(part.weight) != 1 for part in query.parts):
        message = "Where a tile must fit every part, all count alike: weights are 1 or -1."
        raise BadQueryError(message, hint="Leave weights out, or use match 'sum'.")
    if fusion.method == "vector" and query.also:
        message = "Vectors of several sets cannot be added up."
        hint = 'Join their scores: fusion "sum", "minimum" or "rrf".'
        raise BadQueryError(message, hint=hint)


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
