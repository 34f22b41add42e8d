"""A column chunk of one cell, without the footer of its file: a small file of it alone is decoded.

In: the bytes of a chunk as they lie in a shard, and what the footer says of the column. Out: the
cell. A footer for that one chunk is written around the bytes, so that the decoding itself, which
must stand up to any bytes, is pyarrow's.

Source:
    Apache Parquet format 2.10, parquet.thrift; Apache Thrift, compact protocol.
"""

from __future__ import annotations

from dataclasses import dataclass

from eex.errors import BadPictureError
from eex.remote.pages import unpacked_size

CODECS = {"UNCOMPRESSED": 0, "SNAPPY": 1, "GZIP": 2, "LZO": 3, "BROTLI": 4, "LZ4": 7, "ZSTD": 6}
"""Compressions by the names that pyarrow gives them (LZ4 is the raw one), and their numbers."""

MOST_BYTES = 64 * 2**20
"""Most that the pages of one cell take once unpacked; the largest real ones take 2.4 MB."""

MAGIC = b"PAR1"

BYTE_ARRAY = 6
"""Physical type of strings and binary values."""

PLAIN, RLE, RLE_DICTIONARY = 0, 3, 8
"""Encodings that cells of one row come in."""

_I32, _I64, _BINARY, _LIST, _STRUCT = 5, 6, 8, 9, 12


@dataclass(frozen=True)
class Layout:
    """What a footer says of one column for all its chunks."""

    codec: str
    """Compression, such as SNAPPY."""
    optional: bool
    """Whether values may be missing, which the pages then say."""


def cell_of_chunk(chunk: bytes, layout: Layout, *, name: str = "The cell") -> bytes | None:
    """Return the one value of a column chunk; None where it is missing.

    Raises:
        BadPictureError: If the bytes are not such a chunk.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if layout.codec not in CODECS or unpacked_size(chunk) > MOST_BYTES:
        message = f"{name} is not stored as cells of Major TOM are, or over {MOST_BYTES >> 20} MiB."
        raise BadPictureError(message, hint="Give an image shard of Major TOM.")
    file = alone(chunk, layout)
    try:
        column = pq.ParquetFile(pa.BufferReader(file), pre_buffer=False).read(use_threads=False)[0]
        if len(column) != 1:
            message = f"{name} holds {len(column)} values."
            raise BadPictureError(message, hint="Give an image shard of Major TOM.")
        value: bytes | None = column[0].as_py()
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, BadPictureError):
            raise
        message = f"{name} is not a column of a shard that can be read."
        raise BadPictureError(message, hint="Get it again.") from error
    return value


def alone(chunk: bytes, layout: Layout) -> bytes:
    """Return a Parquet file of one row and one column, `cell`, that has this chunk."""
    start, size = len(MAGIC), len(chunk)
    column = _struct(
        (1, _I32, _zigzag(BYTE_ARRAY)),
        (2, _LIST, _list(_I32, [_zigzag(n) for n in (PLAIN, RLE, RLE_DICTIONARY)])),
        (3, _LIST, _list(_BINARY, [_text("cell")])),
        (4, _I32, _zigzag(CODECS[layout.codec])),
        (5, _I64, _zigzag(1)),
        (6, _I64, _zigzag(size)),
        (7, _I64, _zigzag(size)),
        (9, _I64, _zigzag(start)),
    )
    chunk_record = _struct((2, _I64, _zigzag(start)), (3, _STRUCT, column))
    group = _struct(
        (1, _LIST, _list(_STRUCT, [chunk_record])),
        (2, _I64, _zigzag(size)),
        (3, _I64, _zigzag(1)),
    )
    root = _struct((4, _BINARY, _text("schema")), (5, _I32, _zigzag(1)))
    leaf = _struct(
        (1, _I32, _zigzag(BYTE_ARRAY)),
        (3, _I32, _zigzag(1 if layout.optional else 0)),
        (4, _BINARY, _text("cell")),
    )
    footer = _struct(
        (1, _I32, _zigzag(2)),
        (2, _LIST, _list(_STRUCT, [root, leaf])),
        (3, _I64, _zigzag(1)),
        (4, _LIST, _list(_STRUCT, [group])),
    )
    return b"".join([MAGIC, chunk, footer, len(footer).to_bytes(4, "little"), MAGIC])


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:  # noqa: PLR2004, seven bits a byte
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _zigzag(number: int) -> bytes:
    return _varint(number << 1)


def _text(text: str) -> bytes:
    return _varint(len(text)) + text.encode()


def _list(kind: int, items: list[bytes]) -> bytes:
    return bytes([len(items) << 4 | kind]) + b"".join(items)  # all of ours are short


def _struct(*fields: tuple[int, int, bytes]) -> bytes:
    out, last = b"", 0
    for number, kind, value in fields:
        out += bytes([(number - last) << 4 | kind]) + value
        last = number
    return out + b"\0"
