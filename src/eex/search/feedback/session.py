"""A search that learns: tiles are marked, asked with, marked again; every round can be undone.

    feedback = world.feedback("sand desert")
    found = feedback.search(k=20)
    feedback.mark(positive=[found.results[0].row], negative=[found.results[7].row])
    found = feedback.search()
    feedback.undo()
    feedback.save("sand.geojson")

Each answer is to a query record, which asks the same again without any session.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eex.errors import BadQueryError
from eex.files import user_path, write_bytes
from eex.search.feedback.labels import LISTED, Labels, check_rows
from eex.search.feedback.methods import NEAR_ONLY, C, Shares, check_method
from eex.search.feedback.query import feedback_query
from eex.search.feedback.rounds import Round
from eex.search.parts import TextPart
from eex.search.query import Query

if TYPE_CHECKING:
    from eex.search.classify.blocks import Validation
    from eex.search.classify.run import Classified
    from eex.search.feedback.methods import Method
    from eex.search.found import Found
    from eex.search.run import OpenSet


class Feedback:
    """Labels of one set and the rounds that they came in. For one user; not for several threads."""

    def __init__(
        self,
        opened: OpenSet,
        start: Query | str | None = None,
        *,
        method: Method | None = None,
    ) -> None:
        """Begin without labels.

        Args:
            opened: The set.
            start: What is asked before any tile is marked: words or a query. Without it the first
                round is asked with labels only.
            method: How labels are asked with; "rocchio" with a query to start from, else "mean".
        """
        self.opened = opened
        self.start = Query(parts=(TextPart(start),)) if isinstance(start, str) else start
        if self.start is not None:
            self.start = self.start.replaced(set=opened.name)
        self.method = check_method(method or ("mean" if start is None else "rocchio"))
        self.messages: tuple[str, ...] = ()
        """What a person should know of the latest change."""
        self._rounds = [Round(0, Labels())]
        self._at = 0

    def __repr__(self) -> str:
        from eex.search.feedback.files import label_counts

        return f"<eex.Feedback round {self._at}: {label_counts(self.labels)}>"

    @property
    def labels(self) -> Labels:
        """Of the current round."""
        return self._rounds[self._at].labels

    @property
    def round(self) -> Round:
        """The current round."""
        return self._rounds[self._at]

    @property
    def rounds(self) -> tuple[Round, ...]:
        """Every round up to the current one; the first is number 0, before any label."""
        return tuple(self._rounds[: self._at + 1])

    @property
    def undone(self) -> tuple[Round, ...]:
        """Rounds that `redo` brings back, the next one first."""
        return tuple(self._rounds[self._at + 1 :])

    def mark(self, positive: Iterable[int] = (), negative: Iterable[int] = ()) -> Feedback:
        """Say what tiles are, which makes a round; rounds that were undone are gone then.

        A tile that had the other label gets the new one; `messages` says so.

        Args:
            positive: Rows of what is looked for.
            negative: Rows of what is not.

        Raises:
            BadQueryError: If a row is not in the set, has no usable vector, or is in both.
        """
        before = self.labels
        labels = before.marked(positive, negative, number=self._at + 1)
        check_rows(labels, self.opened.embeddings)
        self._change(labels)
        if turned := before.turned(labels):
            some = ", ".join(map(str, turned[:LISTED])) + (", …" if len(turned) > LISTED else "")
            self.messages = (f"These rows had the other label, the new one counts: {some}.",)
        return self

    def unmark(self, rows: Iterable[int]) -> Feedback:
        """Take labels off, which makes a round.

        Raises:
            BadQueryError: If a row has none.
        """
        self._change(self.labels.unmarked(rows))
        return self

    def undo(self) -> Feedback:
        """Go back to the round before.

        Raises:
            BadQueryError: If there is none.
        """
        if not self._at:
            message = "There is nothing to undo."
            raise BadQueryError(message, hint="Mark tiles first.")
        self._at, self.messages = self._at - 1, ()
        return self

    def redo(self) -> Feedback:
        """Bring back the round that was undone last.

        Raises:
            BadQueryError: If there is none.
        """
        if self._at + 1 == len(self._rounds):
            message = "There is nothing to redo."
            raise BadQueryError(message, hint="Only what was undone can be redone.")
        self._at, self.messages = self._at + 1, ()
        return self

    def query(
        self,
        method: Method | None = None,
        *,
        shares: Shares | None = None,
        c: float = C,
        background: int = 0,
        **results: Any,  # noqa: ANN401
    ) -> Query:
        """Return the query that the current labels ask; before any label the one to start from.

        Args:
            method: See `feedback_query`; that of this session unless given.
            shares: Of "rocchio".
            c: Of "logistic".
            background: Of "logistic".
            results: Fields of `Query`, such as `k`, `filter` and `spread_km`.

        Raises:
            BadQueryError: If labels say nothing, see `feedback_query`.
        """
        if not len(self.labels) and self.start is not None:
            return self.start.replaced(**results)
        made = feedback_query(
            self.opened,
            self.labels,
            method=self.method if method is None else method,
            start=self.start,
            shares=shares,
            c=c,
            background=background,
        )
        return made.replaced(**results)

    def search(self, method: Method | None = None, **how: Any) -> Found:  # noqa: ANN401
        """Ask with the current labels; the round keeps what was asked.

        Args:
            method: As for `query`.
            how: As for `query`.

        Raises:
            BadQueryError: As `query` does.
        """
        found = self.opened.ask(self.query(method, **how))
        used = check_method(self.method if method is None else method)
        asked = self._rounds[self._at]
        told = used if len(self.labels) else None
        self._rounds[self._at] = replace(asked, method=told, query=found.query)
        if told == "logistic" and not how.get("background"):
            return replace(found, messages=(*found.messages, NEAR_ONLY))
        return found

    def classify(self, **how: Any) -> Classified:  # noqa: ANN401
        """Return what a classifier from the labels says of every tile; see `classify`."""
        from eex.search.classify.run import classify

        return classify(self.opened, self.labels, **how)

    def validate(self, **how: Any) -> Validation:  # noqa: ANN401
        """Return how well the labels predict each other elsewhere; see `validate_labels`."""
        from eex.search.classify.run import validate_labels

        return validate_labels(self.opened, self.labels, **how)

    def to_geojson(self) -> dict[str, Any]:
        """Return the labels as a GeoJSON FeatureCollection, with the rounds and the credit."""
        from eex.search.feedback.files import labels_to_geojson

        return labels_to_geojson(
            self._rounds,
            self._at,
            self.start,
            embeddings=self.opened.embeddings,
            credit=self.opened.credit,
        )

    def save(self, path: str | Path) -> Path:
        """Write the labels as GeoJSON, whole or not at all.

        Raises:
            OutputError: If it cannot be written.
        """
        from eex.export import dumps

        file = user_path(path)
        write_bytes(file, f"{dumps(self.to_geojson())}\n".encode())
        return file

    @classmethod
    def load(
        cls,
        opened: OpenSet,
        labels: str | Path | object,
        *,
        start: Query | str | None = None,
        method: Method | None = None,
    ) -> Feedback:
        """Go on with labels that were saved, with this or another version of the set, or elsewhere.

        `messages` says what was not found, and how far points of other tools were from their tile.

        Args:
            opened: The set.
            labels: A GeoJSON file, or its decoded content.
            start: See `Feedback`; what the file says unless given.
            method: See `Feedback`.

        Raises:
            BadQueryError: If the file is not GeoJSON with labels.
        """
        from eex.search.feedback.files import labels_from_geojson, read_file

        record = read_file(user_path(labels)) if isinstance(labels, str | Path) else labels
        read = labels_from_geojson(record, opened.embeddings)
        made = cls(opened, read.start if start is None else start, method=method)
        made._rounds, made._at = list(read.rounds), read.at
        made.messages = read.messages
        return made

    def _change(self, labels: Labels) -> None:
        """Make a round of other labels; the same ones make none."""
        self.messages = ()
        if labels != self.labels:
            del self._rounds[self._at + 1 :]
            self._at += 1
            self._rounds.append(Round(self._at, labels))
