"""What is known of a set as lines for people: words, then what they say, in two columns."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from eex.errors import EexError

WIDE = 11
"""Characters of the words before what they say."""

FILES_SHOWN = 20
"""Most names of files that are listed."""


def facts_text(title: str, said: Mapping[str, str]) -> str:
    """Return a title and what is said under it; what is empty is left out.

    Args:
        title: First line.
        said: Word to one or more lines.
    """
    lines = [title]
    for word, text in said.items():
        heads = [word, *[""] * text.count("\n")]
        lines += [
            f"  {head:<{WIDE}} {line}" for head, line in zip(heads, text.split("\n"), strict=True)
        ]
    return "\n".join(line for line in lines if not line.startswith(" ") or line[WIDE + 2 :].strip())


def counted(number: int, what: str) -> str:
    """Return how many there are of something: 1 shard, 2 shards."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def model_text(model: str, variant: str) -> str:
    """Return the model of a set and in which way it was run, the way in words."""
    from eex.encoders.open import encoder_spec

    title = ""
    with suppress(EexError):
        spec = encoder_spec(model) if model and variant else None
        title = spec.variant(variant).title if spec is not None else ""
    way = f"variant {variant}: {title}".rstrip(": ") if variant else ""
    return "\n".join(filter(None, (model, way)))


def files_text(names: list[str]) -> str:
    """Return names of files, of very many the first."""
    more = len(names) - FILES_SHOWN
    return "\n".join(
        [*names[:FILES_SHOWN], *([f"and {counted(more, 'file')} more"] if more > 0 else [])]
    )
