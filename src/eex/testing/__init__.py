"""For those who write plug-ins: what must be kept, as tests to subclass, and toys to try it on.

    from eex.testing import IndexContract

    class TestMyIndex(IndexContract):
        @staticmethod
        def make(vectors):
            return MyIndex(vectors)

Needs pytest. Every expected number is float64 arithmetic written out here.
"""

from eex.testing.encoders import NORTH, TOY, EncoderContract, ToyEncoder
from eex.testing.indexes import SCAN_TOLERANCE, TOLERANCE, IndexContract, cosines, toy_vectors
from eex.testing.scenes import SceneSourceContract

__all__ = [
    "NORTH",
    "SCAN_TOLERANCE",
    "TOLERANCE",
    "TOY",
    "EncoderContract",
    "IndexContract",
    "SceneSourceContract",
    "ToyEncoder",
    "cosines",
    "toy_vectors",
]
