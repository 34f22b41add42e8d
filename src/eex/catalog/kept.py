"""Lists of repositories, kept beside the files that were fetched: what is here is found offline."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from eex.files import write_bytes
from eex.weights.listing import ListedFile, Listing

LIST = ".listing.json"
"""What a list is called in the folder of a repository."""


def keep_listing(folder: Path, revision: str, listing: Listing) -> None:
    """Write down what a repository has.

    Args:
        folder: Where its files lie.
        revision: Branch, tag or commit that was asked for.
        listing: What the hub answered.

    Raises:
        OutputError: If it cannot be written.
    """
    write_bytes(folder / LIST, json.dumps({"revision": revision, **asdict(listing)}).encode())


def kept_listing(folder: Path, revision: str) -> Listing | None:
    """Return what was written down of a revision; None if nothing was."""
    try:
        told = json.loads((folder / LIST).read_bytes())
        if told["revision"] != revision:
            return None
        files = tuple(ListedFile(**file) for file in told["files"])
        return Listing(files=files, commit=str(told["commit"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
