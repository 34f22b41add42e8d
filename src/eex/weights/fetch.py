"""One file of weights from a hub to the disk: resumed where it stopped, and verified.

A file gets its name only when it is whole, so a process may be killed at any moment. Faults that
may pass are tried again, a few times; a resumed part that turns out spoilt is fetched anew, once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from eex.errors import DownloadError
from eex.files import guarded
from eex.weights.answers import NoAnswerError, host, listed_sha256, wrong
from eex.weights.checksum import Progress, sha256_of
from eex.weights.http import FaultError, SilentError, UnreachableError, ask
from eex.weights.hubs import Origin
from eex.weights.part import Note, Part, SpoiledError, read_note
from eex.weights.receipts import note_path

Answer = TypeVar("Answer")
"""What some work gives."""

PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds to wait before each next try after a fault."""

PROGRESS_BYTES = 2**20
"""Bytes that a try must bring for the faults before it to be forgotten."""


def fetch_file(
    origin: Origin,
    target: Path,
    *,
    sha256: str = "",
    size: int = 0,
    progress: Progress | None = None,
) -> Note:
    """Fetch a file, going on where an earlier try stopped. One caller at a time for one target.

    A note of what came stays beside it until `forget_note`, so that a process that is killed
    before it wrote that down does not fetch it again.

    Args:
        origin: Where it lies.
        target: Where it shall lie; its folder is made.
        sha256: Checksum that it must have; by default the hub's own, where it tells one.
        size: Bytes that it must have, if `sha256` is given; 0 if not known.
        progress: Told how much is here, also what was before.

    Returns:
        Checksum, size and commit of what came.

    Raises:
        AbsentFileError: If the repository has no such file.
        DownloadError: If it cannot be fetched, or what comes is something else.
        OutputError: If the disk has no room or refuses.
    """
    report = progress or _silent
    if (here := _whole(origin, target, sha256)) is not None:
        report(here.size, here.size)
        return here
    with guarded(f"writing {target}"):
        target.parent.mkdir(parents=True, exist_ok=True)
    sha256 = sha256 or _listed(origin)
    part = Part(origin, target, sha256=sha256, size=size, report=report)
    faults, anew, begun = 0, False, part.have
    while True:
        before = part.have
        try:
            if not part.whole:
                part.fetch()
            return part.finish()
        except SpoiledError as spoilt:
            part.drop()
            if before == 0 or anew:
                raise wrong(origin, str(spoilt)) from spoilt
            anew = True
        except UnreachableError as fault:
            if part.have == begun:
                raise _given_up(origin, origin.file, fault, kept=part.have > 0) from fault
            faults = _again(origin, origin.file, fault, faults + 1, kept=True)
        except FaultError as fault:
            much = part.have - before >= PROGRESS_BYTES
            faults = 1 if much else faults + 1
            faults = _again(origin, origin.file, fault, faults, kept=part.have > 0)


def patiently(origin: Origin, what: str, work: Callable[[], Answer]) -> Answer:
    """Return what some work that asks a hub gives, tried again after faults that may pass.

    Raises:
        NoAnswerError: After the last try; at once if nothing answers.
        DownloadError: If the hub says no.
    """
    faults = 0
    while True:
        try:
            return work()
        except (UnreachableError, SilentError) as fault:
            raise _given_up(origin, what, fault) from fault
        except FaultError as fault:
            faults = _again(origin, what, fault, faults + 1)


def forget_note(target: Path) -> None:
    """Forget the note of a file that came, once what it says is written down elsewhere."""
    note_path(target).unlink(missing_ok=True)


def _whole(origin: Origin, target: Path, sha256: str) -> Note | None:
    """Return the note of a file that came whole before a process was killed."""
    note = read_note(target)
    fits = note.sha256 == sha256 if sha256 else note.url == origin.url
    if not (note.sha256 and fits and target.is_file() and target.stat().st_size == note.size):
        return None
    return note if sha256_of(target) == note.sha256 else None


def _listed(origin: Origin) -> str:
    """Return the checksum in the hub's list of files; empty if there is none to be had."""
    if not origin.listing:
        return ""
    try:
        with ask(origin.listing) as reply:
            return listed_sha256(reply, origin.file)
    except (FaultError, UnreachableError, DownloadError):
        return ""  # asking for the file itself says what is wrong


def _again(origin: Origin, what: str, fault: Exception, faults: int, *, kept: bool = False) -> int:
    """Wait before the next try, or give up.

    Raises:
        NoAnswerError: After the last try.
    """
    if faults > len(PAUSES):
        raise _given_up(origin, what, fault, kept=kept) from fault
    logging.getLogger("eex").warning("%s; trying again", fault)
    time.sleep(max(PAUSES[faults - 1], getattr(fault, "wait", 0.0)))
    return faults


def _given_up(origin: Origin, what: str, fault: Exception, *, kept: bool = False) -> NoAnswerError:
    """Return the error for what is not asked for again."""
    message = f"{what} could not be fetched from {host(origin.url)}: {fault}."
    hint = "Check the connection, or choose another source with --from."
    if kept:
        hint = "What has come is kept; the same command goes on from there."
    return NoAnswerError(message, hint=hint, reason=str(fault))


def _silent(_done: int, _total: int) -> None:
    pass
