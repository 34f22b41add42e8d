"""How words of a command line are read: boxes in two forms, words that no option takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from eex.cli.say import Command

FOUR = 4
"""Numbers of a box."""

BOX = "--bbox"
"""The option that takes one."""


class Words(click.Command):
    """A command that takes boxes in both forms and says what words without an option may mean."""

    def __init__(
        self,
        *arguments: Any,  # noqa: ANN401
        bare: Callable[[list[str]], str] | None = None,
        **options: Any,  # noqa: ANN401
    ) -> None:
        """Make it as click does.

        Args:
            arguments: Of `click.Command`.
            bare: From words that no option or argument takes to how they were probably meant.
            options: Of `click.Command`.
        """
        super().__init__(*arguments, **options)
        self.bare = bare

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words of the command line."""
        args = box_joined(args)
        if self.bare is not None and not ctx.resilient_parsing:
            given, rest, _ = self.make_parser(ctx).parse_args(list(args))
            if rest and not given.get("help"):
                ctx.fail(f"Nothing takes {' '.join(rest)!r}. {self.bare(rest)}")
        return super().parse_args(ctx, args)


def box_joined(words: list[str]) -> list[str]:
    """Return the words of a command line with the numbers after --bbox as one word."""
    joined, rest = [], list(words)
    while rest:
        word = rest.pop(0)
        joined.append(word)
        if word == "--":
            break
        numbers: list[str] = []
        while word == BOX and rest and len(numbers) < FOUR and (more := numbers_in(rest[0])):
            numbers += more
            rest.pop(0)
        joined += [",".join(numbers)] if numbers else []
    return joined + rest


class Box(click.ParamType[Any]):
    """Four numbers, west, south, east, north."""

    name = "box"

    def convert(
        self,
        value: Any,  # noqa: ANN401
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[float, float, float, float]:
        """Read one.

        Raises:
            BadQueryError: If it is not on the globe, or upside down.
        """
        from eex.values import read_bbox

        numbers = numbers_in(value) if isinstance(value, str) else value
        if len(numbers) != FOUR:
            how = f"{BOX} -85 -60 -30 15 or {BOX}=-85,-60,-30,15"
            self.fail(f"{value!r} is not west,south,east,north in degrees: {how}.", param, ctx)
        return read_bbox([float(number) for number in numbers])


class Percent(click.ParamType[Any]):
    """A number from 0 to 100, with a sign behind it or none."""

    name = "percent"

    def convert(
        self,
        value: Any,  # noqa: ANN401
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Read one."""
        text = str(value).strip().removesuffix("%").strip()
        try:
            number = float(text)
        except ValueError:
            number = -1
        if not 0 <= number <= 100:  # noqa: PLR2004
            self.fail(f"{value!r} is not a percentage from 0 to 100, such as 20.", param, ctx)
        return number


def bbox_option(about: str) -> Callable[[Command], Command]:
    """Add --bbox to a command of the class `Words`; it arrives as four numbers, or None."""
    return click.option(BOX, type=Box(), metavar="W S E N", help=f"{about} Or W,S,E,N.")


def search_words(words: list[str]) -> str:
    """Say how words after `eex search` were probably meant."""
    text = " ".join(words)
    first = Path(words[0])
    if len(words) == 1 and text.lstrip("-").isdecimal():
        return f"A tile of the set: --row {text}"
    if len(numbers_in(text)) == 2:  # noqa: PLR2004
        return f'A place: --place "{text}"'
    if first.suffix.lower() in {".parquet", ".geoparquet"}:
        return f"A set: --set {words[0]}"
    if first.suffix.lower() in {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp"}:
        return f"A picture: --image {words[0]}"
    return f'Words to look for: --text "{text}"'


def output_words(words: list[str]) -> str:
    """Say how a word after the arguments of a command that writes a file was probably meant."""
    return f"A file to write: -o {words[0]}" if len(words) == 1 else "Leave these words out."


def picture_words(words: list[str]) -> str:
    """Say how words after the picture of `eex heatmap` were probably meant."""
    return f'Words to look for: --text "{" ".join(words)}"'


def set_words(words: list[str]) -> str:
    """Say how words after `eex serve` were probably meant."""
    return f"A set to serve: --set {words[0]}"


def numbers_in(text: str) -> list[str]:
    """Return the numbers that a text with commas or spaces holds; none if there is more."""
    pieces = text.replace(",", " ").split()
    try:
        [float(piece) for piece in pieces]
    except ValueError:
        return []
    return pieces


def key_values(given: Sequence[str], *, such_as: str) -> dict[str, str]:
    """Read words of the form KEY=VALUE.

    Args:
        given: The words.
        such_as: One that would be right, for what is told.

    Raises:
        BadQueryError: If there is no =, or one is given twice.
    """
    from eex.errors import BadQueryError

    read: dict[str, str] = {}
    for text in given:
        key, equals, value = text.partition("=")
        key = key.strip()
        if not equals or not key or key in read:
            why = "is given twice" if key in read else "is not KEY=VALUE"
            message = f"The option {text[:60]!r} {why}."
            raise BadQueryError(message, hint=f"Such as: --option {such_as}")
        read[key] = value.strip()
    return read
