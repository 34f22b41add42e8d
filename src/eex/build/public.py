"""References that mean something elsewhere: addresses stay, paths of this machine and secrets go.

What is published is made so, and what others published is taken so: a set from a hub leads to no
file of whoever opens it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from eex.imagery.ranged import address_of
from eex.sources.refs import Asset, Ref, ShardRef

if TYPE_CHECKING:
    from collections.abc import Callable

FAR = ("http://", "https://", "s3://", "gs://", "hf://")
"""How addresses begin that mean the same everywhere."""

HARMLESS = frozenset(
    (
        "asset",
        "assets",
        "band",
        "bands",
        "collection",
        "download",
        "f",
        "format",
        "item",
        "page",
        "raw",
        "ref",
        "rev",
        "v",
        "version",
        "versionid",
    )
)
"""Names in a query that say what is read; others may lend somebody's right to read."""


def public_address(href: str) -> str:
    """Return an address as others may have it; empty if it means nothing to them.

    A query that may lend a right to read, such as X-Amz-Signature, is left out, and an address with
    a password altogether.
    """
    if not href.lower().startswith(FAR):
        return ""
    try:
        parts = urlsplit(href)
        names = [name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
    except ValueError:
        return ""
    if "@" in parts.netloc:
        return ""
    if ";" in parts.query or not HARMLESS.issuperset(names):
        parts = parts._replace(query="")
    return urlunsplit(parts._replace(fragment=""))


def public_ref(ref: Ref) -> Ref:
    """Return a reference without what lies on this machine; a scene may have no bands then."""
    if isinstance(ref, ShardRef):
        return replace(ref, href=public_address(ref.href))
    bands: dict[str, Asset] = {}
    for band, asset in ref.bands.items():
        if href := public_address(asset.href) or public_address(asset.origin):
            bands[band] = replace(asset, href=href, origin="")
    return replace(ref, bands=bands, href=public_address(ref.href))


def whole_ref(ref: Ref, folder: Path) -> Ref:
    """Return a reference whose paths do not depend on where we are.

    Args:
        ref: As it was written down.
        folder: Where that lies; paths of files begin there unless they are whole.
    """
    found: Callable[[str], str] = lambda href: (  # noqa: E731
        href if not href or address_of(href) else str(folder / Path(href).expanduser())
    )
    if isinstance(ref, ShardRef):
        return replace(ref, href=found(ref.href))
    bands = {band: replace(asset, href=found(asset.href)) for band, asset in ref.bands.items()}
    return replace(ref, bands=bands)
