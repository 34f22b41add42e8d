from dataclasses import replace

from eex.index.exact import ExactIndex
from eex.testing import TOY

PRETEND = replace(TOY, name="pretend", title="Pretend encoder")


class PretendIndex(ExactIndex):
    pass
