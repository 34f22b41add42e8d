"""A query and the sets that it asks become an answer: encode, filter, rank, explain."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from eex.config import MAX_K
from eex.errors import BadQueryError
from eex.export import Credit, Result
from eex.index.base import FiltersItself, VectorIndex
from eex.search.diversity import Arrangement
from eex.search.explain import Understood, understand, weak_texts
from eex.search.found import Found
from eex.search.member import Member
from eex.search.parts import Part, VectorPart
from eex.search.rank import Ranking, Voice, Wanted, part_scores, rank
from eex.search.vectors import OF_SET, Vectors, needs_encoder, takes_no

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eex.search.query import Query
    from eex.search.run import OpenSet

DEFAULT_K = 10
"""Results listed when neither k nor a top percentage is given."""


@dataclass
class _Heard:
    """What became of the parts."""

    voices: list[Voice] = field(default_factory=list)
    """Parts in sets."""
    understood: Understood = field(default_factory=Understood)
    """What words were taken for."""
    notes: list[str] = field(default_factory=list)
    """What a person should know of the vectors."""


def answer(query: Query, sets: Sequence[OpenSet]) -> Found:
    """Answer a query.

    Args:
        query: What is asked.
        sets: Those that it names, opened, in their order; results are tiles of the first.

    Raises:
        BadQueryError: If the query cannot be asked; `hint` says what to change.
        NotUnderstoodError: If the encoder does not know the words.
        CancelledError: If nobody waits for the answer any more.
    """
    started = time.perf_counter()
    query, first = resolved(query, sets), sets[0]
    members = members_of(sets)
    heard = _hear(query, sets, members)
    wanted = _wanted(query, first, members[0])
    ranking = rank(heard.voices, query.joined_by, wanted)
    messages = [
        *heard.understood.messages,
        *heard.notes,
        *weak_texts(query.parts, _own(query.parts, heard.voices)),
        *(told for opened in sets for told in opened.told()),
        *_about(query, sets, heard.voices, wanted, ranking),
    ]
    return Found(
        query=query,
        results=_results(query, heard.voices, ranking, first),
        scores=ranking.scores,
        ranked=ranking.ranked,
        lonlat=first.embeddings.lonlat,
        tile_km=first.embeddings.header.tile_km,
        credit=_credit(sets),
        read_as=heard.understood.read_as,
        messages=tuple(dict.fromkeys(messages)),
        places=heard.understood.places,
        inside=None if wanted.mask is None else int(np.count_nonzero(wanted.mask)),
        seconds=time.perf_counter() - started,
        tiles=first.embeddings,
    )


def members_of(sets: Sequence[OpenSet]) -> list[Member]:
    """Return the sets as they take part in one query, joined to the first."""
    members = []
    for opened in sets:
        joined = None if opened is sets[0] else sets[0].partner_of(opened)
        members.append(
            Member(
                name=opened.name,
                embeddings=opened.embeddings,
                index=opened.index,
                exact=opened.exact,
                sample=opened.sample,
                partner=joined,
            )
        )
    return members


def resolved(query: Query, sets: Sequence[OpenSet]) -> Query:
    """Fill in what depends on the sets, so that the recipe says what was done."""
    everything = query.top_percent is not None
    k, km, prompts = query.k, query.spread_km, query.prompts
    if k is None:
        k = MAX_K if everything else DEFAULT_K
    if km is None:
        km = 0.0 if everything else sets[0].embeddings.header.spread_km
    if prompts is True and len(sets) == 1:
        prompts = sets[0].spec.prompts()
    if len(query.sets) != len(sets):
        message = f"The query asks {len(query.sets)} sets, {len(sets)} are open."
        raise BadQueryError(message, hint="eex.ask opens all that a query names.")
    names = dict(zip(query.sets, (opened.name for opened in sets), strict=True))
    parts = tuple(replace(p, set=names[p.set]) if p.set else p for p in query.parts)
    return query.replaced(
        set=sets[0].name,
        also=tuple(opened.name for opened in sets[1:]),
        parts=parts,
        k=k,
        spread_km=km,
        prompts=prompts,
        fusion=query.joined_by,
    )


def _hear(query: Query, sets: Sequence[OpenSet], members: Sequence[Member]) -> _Heard:
    """Make a vector of each part in each set that takes it."""
    heard = _Heard()
    taken = [False] * len(query.parts)
    for opened, member in zip(sets, members, strict=True):
        some = [
            i
            for i, p in enumerate(query.parts)
            if len(sets) == 1 or is_for(p, opened, first=opened is sets[0])
        ]
        if not some:
            continue
        parts = tuple(query.parts[i] for i in some)
        prompts = query.prompts
        if prompts is True:
            prompts = opened.spec.prompts() if needs_encoder(parts) else ()
        own = query.replaced(parts=parts, prompts=prompts)
        opened.check(own)
        with opened.encoding() if needs_encoder(parts) else nullcontext() as encoder:
            understood = understand(own, encoder=encoder, spec=opened.known_spec)
            _merge(heard.understood, understood)
            told = prompts if isinstance(prompts, tuple) else ()
            spec = opened.known_spec
            make = Vectors(opened.embeddings, spec, encoder, told, inside=opened.masks.of)
            if member.partner is not None:
                make = replace(make, rows_here=member.partner.__getitem__)
            for i, part in zip(some, parts, strict=True):
                heard.voices.append(Voice(i, part.weight, make.of(part), member))
                taken[i] = True
            heard.notes += make.messages
    for part, was in zip(query.parts, taken, strict=True):
        if not was:
            raise takes_no_of(part, sets)
    return heard


def takes_no_of(part: Part, sets: Sequence[OpenSet]) -> BadQueryError:
    """Return the refusal of a part that no set takes."""
    spec = next((s.known_spec for s in sets if s.known_spec is not None), None)
    if spec is not None and len(sets) == 1:
        return takes_no(spec, part.kind)
    message = f"None of the sets that are asked takes a part of kind {part.kind!r}."
    return BadQueryError(message, hint="Ask a set whose model takes it; see eex models.")


def is_for(part: Part, opened: OpenSet, *, first: bool) -> bool:
    """Whether a part is asked of one of several sets; vectors are of the first one's model."""
    if part.set:
        return part.set == opened.name
    if isinstance(part, VectorPart):
        return first
    if isinstance(part, OF_SET):
        return True
    spec = opened.known_spec
    return spec is not None and part.kind in spec.modalities


def _merge(into: Understood, more: Understood) -> None:
    into.read_as = tuple(dict.fromkeys([*into.read_as, *more.read_as]))
    into.places = tuple(dict.fromkeys([*into.places, *more.places]))
    into.messages += more.messages


def _wanted(query: Query, first: OpenSet, member: Member) -> Wanted:
    """Return what is wanted of the ranking; the filter as a mask, or for the engine to take."""
    index, where, mask = member.index, None, None
    if query.filter.empty:
        pass
    elif (
        isinstance(index, FiltersItself)
        and not isinstance(index, VectorIndex)
        and query.joined_by.method == "vector"
        and index.can_filter(query.filter)
    ):
        where = query.filter
    else:
        mask = first.masks.of(query.filter)
    side = query.one_per_cell
    return Wanted(
        embeddings=first.embeddings,
        arrangement=Arrangement(
            k=query.k or DEFAULT_K,
            km=query.spread_km or 0.0,
            cells=first.cells(side) if side else None,
            repeats=query.repeats,
            diversity=query.diversity or 0.0,
        ),
        percent=query.top_percent,
        mask=mask,
        where=where,
    )


def _own(parts: Sequence[Part], voices: Sequence[Voice]) -> list[NDArray[np.float32]]:
    """Return scores that say whether each text tells tiles apart; of other parts none."""
    first = {voice.part: voice for voice in reversed(voices)}
    texts = [part.kind == "text" for part in parts]
    return [first[i].sample if texts[i] else np.empty(0, np.float32) for i in range(len(parts))]


def _results(
    query: Query, voices: Sequence[Voice], ranking: Ranking, first: OpenSet
) -> tuple[Result, ...]:
    rows = ranking.rows
    parts = part_scores([part.kind for part in query.parts], voices, rows)
    each = [
        dict(zip(parts, some, strict=True))
        for some in zip(*map(np.ndarray.tolist, parts.values()), strict=True)
    ]
    ids = map(str, first.embeddings.ids.take(rows).to_pylist())
    places, scores = first.embeddings.lonlat[rows].tolist(), ranking.scores[rows].tolist()
    groups = {row: tuple(some.tolist()) for row, some in ranking.groups.items()}
    return tuple(
        Result(
            rank=rank,
            row=row,
            id=name,
            lon=lon,
            lat=lat,
            score=score,
            parts=each[rank - 1] if each else {},
            repeats=groups.get(row, ()),
        )
        for rank, (row, name, (lon, lat), score) in enumerate(
            zip(rows.tolist(), ids, places, scores, strict=True), start=1
        )
    )


def _about(
    query: Query,
    sets: Sequence[OpenSet],
    voices: Sequence[Voice],
    wanted: Wanted,
    ranking: Ranking,
) -> list[str]:
    """Return what a person should know of how the tiles were ranked."""
    told = []
    heard = {voice.member.name: voice.member for voice in voices}
    for opened in sets:
        member = heard.get(opened.name)
        if member is None:
            told.append(f"The set {opened.name} takes no part of this query and was not asked.")
            continue
        if member.partner is not None:
            shared = int((member.partner >= 0).sum())
            some = f"{shared:,} of {len(member.partner):,}"
            told.append(f"{some} tiles of {sets[0].name} are in {opened.name} too; only they rank.")
        if not isinstance(member.index, VectorIndex):
            told.append(
                f"Found by {opened.engine}: only the best tiles have scores, so there is no map."
            )
        of = f" of {opened.name}" if len(sets) > 1 else ""
        for low, high in member.missing:
            some = f"Rows {low:,} to {high - 1:,}{of}"
            told.append(f"{some} could not be searched: the answer lacks them.")
    told += ranking.messages
    rows = ranking.rows
    if not len(rows):
        filtered = wanted.mask is not None or wanted.where is not None
        why = "No tile passes the filter" if filtered else "No tile ranks"
        told.append(f"{why}: the answer is empty.")
    elif query.top_percent is not None and not wanted.arrangement.passes_over:
        count = int(ranking.ranked.sum())
        if len(rows) < count:
            some = f"{len(rows):,} of {count:,}"
            told.append(f"{some} tiles among the best are listed; the scores hold all.")
    return told


def _credit(sets: Sequence[OpenSet]) -> Credit:
    """Return the credit of all sets that are asked."""
    credits_ = [opened.credit for opened in sets]
    if len(credits_) == 1:
        return credits_[0]

    def joined(name: str) -> str:
        return "; ".join(dict.fromkeys(filter(None, (getattr(one, name) for one in credits_))))

    return Credit(
        set_id=joined("set_id"),
        model=joined("model"),
        licence=joined("licence"),
        attribution=joined("attribution"),
        banner=joined("banner"),
    )
