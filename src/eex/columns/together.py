"""Files that are one table: their columns by name, and that all say the same by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eex.columns.places import is_degrees
from eex.columns.product import Product, product_of
from eex.columns.rows import plain_type
from eex.columns.said import damaged, reason

if TYPE_CHECKING:
    import pyarrow as pa


def one_schema(
    files: Sequence[tuple[Path | str, pa.Schema]],
    columns: Mapping[str, str],
    *,
    path: Path | str,
    hint: str,
) -> pa.Schema:
    """Return the columns of all files; each by its name, whatever their order.

    Args:
        files: What each is called in errors, and its schema.
        columns: Role to name of a column, see `eex.columns.product`.
        path: Of all of them, for messages.
        hint: What to do where they differ.

    Raises:
        DamagedSetError: If a column is of several kinds, or files have vectors or places in
            columns of several names or systems.
    """
    import pyarrow as pa

    (name, first), *others = files
    if not others:
        return first
    said = _said(product_of(first, columns, path=name))
    for other, schema in others:
        also = _said(product_of(schema, columns, path=other))
        for role, column in said.items():
            if also[role] != column:
                told = f"{role} is {_word(column)}, in {other} {_word(also[role])}"
                raise damaged(path, f"has files that differ: in {name} the {told}", hint=hint)
    plain = [pa.schema([f.with_type(plain_type(f.type)) for f in s]) for _, s in files]
    try:
        one = pa.unify_schemas(plain, promote_options="permissive")
    except pa.ArrowException as error:
        raise damaged(path, f"has files that differ: {reason(error)}", hint=hint) from error
    return one.with_metadata(first.metadata)


def _said(product: Product) -> dict[str, Any]:
    """Return which columns are read, and in which system places are."""
    vectors = {"column of vectors": product.embedding}
    if product.lon:
        return vectors | {"place": f"{product.lon}, {product.lat}", "system": None}
    system = None if is_degrees(product.crs) else product.crs
    return vectors | {"place": product.geometry, "system": system}


def _word(said: Any) -> str:  # noqa: ANN401
    if said is None:
        return "longitude and latitude"
    name = said.get("name") if isinstance(said, dict) else said
    return f"`{str(name)[:60]}`"
