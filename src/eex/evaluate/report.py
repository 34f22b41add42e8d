"""What `eex evaluate world` answers: figures, what simpler ways reach, and what they do not say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PROTOCOL = (
    "Five splits; in each, a fifth of the 10 degree blocks is kept back and tiles within 205 km of "
    "it are not fitted on. The method of the shipped weights is fitted on the rest, with the same "
    "code, and ranks the tiles kept back. Figures are means over queries, then over splits; "
    "*_sd is the standard deviation over splits. seen: words of the fitted phrases; new: words "
    "that no fitted phrase has; place: names. Borderline tiles count as wrong in p10 and p50 and "
    "are left out of auc."
)
"""How the figures come about."""

LIMITS = (
    (
        "The shipped weights are fitted on all tiles and all phrases; the figures are of held-out "
        "fits by the same code, not of the shipped weights themselves."
    ),
    (
        "Truth for seen and new words comes from the same map layers and thresholds that define "
        "the concepts: this measures how far the model carries to other regions and words, not "
        "relevance to people."
    ),
    (
        "The queries, the concepts and the colour lexicon have one author, and the lexicon was "
        "written knowing the queries."
    ),
    (
        "Hyper-parameters and the form of the model were chosen on these five splits, which share "
        "one planet: expect mild optimism."
    ),
    "The threshold of refusal was chosen on the words that test it.",
    "Simply taking the nearest tiles agrees better with a place's climate than the place map does.",
)
"""What the figures do not say."""

KINDS = ("seen", "new", "place")
"""Kinds of queries."""

MEASURES = ("auc", "p10", "p50")
"""Figures of a query."""


@dataclass(frozen=True)
class WorldReport:
    """Held-out quality of the embedded encoder's method."""

    figures: dict[str, float]
    """`auc_seen`, `p10_new`, ... and each with `_sd` over splits."""
    baselines: dict[str, dict[str, float]]
    """For each figure, what simpler ways reach."""
    image: dict[str, dict[str, float]]
    """For each way, how often the ten nearest tiles share the query tile's class."""
    place_to_tile: dict[str, dict[str, float]]
    """Likewise for places, with the median distance in kilometres."""
    refusal: dict[str, float]
    """How well words that mean something are told from words that do not."""
    splits: list[dict[str, float]]
    """The figures of each split."""
    queries: list[dict[str, Any]]
    """Each query's mean figures."""

    def to_json(self) -> dict[str, Any]:
        """Return everything as a JSON object; the figures are at its top."""
        return {
            **self.figures,
            "baselines": self.baselines,
            "image": self.image,
            "place_to_tile": self.place_to_tile,
            "refusal": self.refusal,
            "splits": self.splits,
            "queries": self.queries,
            "protocol": PROTOCOL,
            "limits": list(LIMITS),
        }

    def to_table(self) -> str:
        """Return the main figures as a Markdown table, with the protocol and the limits."""
        keys = [f"{measure}_{kind}" for kind in KINDS for measure in MEASURES[:2]]
        head = ["", *(key.replace("_", " ").upper() for key in keys)]
        ours = [f"{self.figures[key]:.2f} ± {self.figures[f'{key}_sd']:.2f}" for key in keys]
        rows = [["this model", *ours]]
        rows += [
            [name.replace("_", " "), *(f"{self.baselines[key][name]:.2f}" for key in keys)]
            for name in self.baselines[keys[0]]
        ]
        lines = [head, ["---"] * len(head), *rows]
        text = ["| " + " | ".join(line) + " |" for line in lines]
        return "\n".join([*text, "", PROTOCOL, "", *(f"- {limit}" for limit in LIMITS)])
