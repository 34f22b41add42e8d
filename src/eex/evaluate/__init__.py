"""How well an encoder finds what it is asked for, on places and words it was not fitted on."""

from eex.evaluate.report import WorldReport
from eex.evaluate.world import evaluate_world

__all__ = ["WorldReport", "evaluate_world"]
