from dataclasses import replace

from eex.index.engines import EngineSpec
from eex.index.exact import ExactIndex
from eex.testing import TOY

PRETEND = replace(TOY, name="pretend", title="Pretend encoder")


PRETEND_INDEX = EngineSpec(
    name="pretend",
    title="Pretend engine",
    exact=True,
    scores_all=True,
    open=lambda opening: ExactIndex(opening.embeddings.vectors),
)
