"""Sizes of a file are compared with published ones; heads come from a configuration or a rule."""

import inspect
import logging
from pathlib import Path
from typing import Any

import pytest

from eex.encoders.open import encoder_specs
from eex.encoders.published import check_sizes, heads_of, told_in
from eex.errors import DamagedWeightsError

FILE = Path("some.pt")
PUBLISHED = {"small": {"width": 8, "depth": 2}, "large": {"width": 16, "depth": 4}}


def test_other_sizes_are_told_and_another_model_is_refused(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING, "eex"):
        check_sizes({"width": 8, "depth": 2}, PUBLISHED, model="small", path=FILE)
        check_sizes({"width": 8}, PUBLISHED, model="small", path=FILE)
        check_sizes({"width": 9, "depth": 2}, PUBLISHED, model="a plug-in's", path=FILE)
        assert not caplog.records
        check_sizes({"width": 9, "depth": 2}, PUBLISHED, model="small", path=FILE)
    assert caplog.messages == ["some.pt has other sizes than the published small: width 9, not 8."]
    with pytest.raises(DamagedWeightsError, match="weights of large, not of small") as told:
        check_sizes({"width": 16, "depth": 4}, PUBLISHED, model="small", path=FILE)
    assert "large" in told.value.hint


def test_heads_are_those_told_else_those_of_the_rule() -> None:
    assert heads_of(12, None, 3, path=FILE) == 3
    assert heads_of(12, 4, 3, path=FILE) == 4
    assert heads_of(24, 3, None, path=FILE, parts=4) == 3
    with pytest.raises(DamagedWeightsError, match=r"heads a width of 12 has is not known"):
        heads_of(12, None, None, path=FILE)


@pytest.mark.parametrize(("told", "parts"), [(5, 1), (0, 1), (-2, 1), ("3", 1), (3, 8), ([3], 1)])
def test_heads_that_cannot_share_the_width_are_refused(told: Any, parts: int) -> None:
    with pytest.raises(DamagedWeightsError, match="width of 12 cannot be shared among"):
        heads_of(12, told, 3, path=FILE, parts=parts)


def test_what_a_configuration_does_not_tell_is_none() -> None:
    config = {"model": {"encoder": {"num_heads": 2}, "odd": [1]}}
    assert told_in(config, "model", "encoder", "num_heads") == 2
    assert told_in(config, "model", "odd", "num_heads") is None
    assert told_in(config, "else", "encoder") is None
    assert told_in(None, "model") is None


def test_every_family_loads_by_the_same_arguments() -> None:
    loads = [spec.load for spec in encoder_specs() if spec.files]
    assert len(loads) > 5
    for load in loads:
        taken = inspect.signature(load).parameters
        assert [*taken] == ["device", "spec", "weights", "variant", "precision"]
        assert (taken["precision"].annotation, taken["precision"].default) == (
            "Precision",
            "float32",
        )
