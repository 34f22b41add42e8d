"""Everything but the vectors: types that can be kept, rows as values that JSON can hold."""

from __future__ import annotations

import math
from typing import Any

import pyarrow as pa

_PLAIN = {pa.string_view(): pa.string(), pa.binary_view(): pa.binary()}
_LISTS = (
    (pa.list_, (pa.types.is_list, pa.types.is_list_view)),
    (pa.large_list, (pa.types.is_large_list, pa.types.is_large_list_view)),
)


def plain_type(kind: pa.DataType) -> pa.DataType:
    """Return the type that a column is kept in: no dictionaries, views or extensions.

    The categories of a dictionary may change from batch to batch, which Arrow files cannot hold.
    """
    while isinstance(kind, pa.BaseExtensionType) or pa.types.is_dictionary(kind):
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind.storage_type
    if pa.types.is_struct(kind):
        inner = [kind.field(i) for i in range(kind.num_fields)]
        return pa.struct([field.with_type(plain_type(field.type)) for field in inner])
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(plain_type(kind.value_type), kind.list_size)
    for make, same in _LISTS:
        if any(is_such(kind) for is_such in same):
            return make(plain_type(kind.value_type))
    return _PLAIN.get(kind, kind)


def record_of(table: pa.Table, row: int) -> dict[str, Any]:
    """Return one row as values that JSON can hold, without those that are empty or binary."""
    record = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        value = column.slice(row, 1)
        if pa.types.is_temporal(column.type):
            value = value.cast(pa.string())
        record[name] = _json_value(value[0].as_py())
    return {name: value for name, value in record.items() if value is not None}


def _json_value(value: object) -> object:
    if isinstance(value, bytes) or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, dict):
        return {str(key): _json_value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_json_value(inner) for inner in value]
    return value if value is None or isinstance(value, str | int | float) else str(value)
