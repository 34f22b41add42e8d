from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from eex import registry
from eex.embeddings import EmbeddingSet, SetHeader
from eex.encoders.base import EncoderSpec
from eex.errors import EexError, MissingExtraError, UnknownNameError
from eex.index.engines import Opening, engine
from eex.registry import find, names, unknown_name
from eex.testing import EncoderContract, IndexContract, ToyEncoder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from numpy.typing import NDArray

    from eex.index.base import FindsRows

PLUGIN = Path(__file__).parent / "plugin"


@pytest.fixture(autouse=True)
def plugin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put the pretend plug-in on the path, as installing it would."""
    monkeypatch.syspath_prepend(str(PLUGIN))
    registry._installed.cache_clear()
    registry._load.cache_clear()
    yield
    registry._installed.cache_clear()
    registry._load.cache_clear()


class TestPretendIndex(IndexContract):
    @staticmethod
    def make(vectors: NDArray[Any]) -> FindsRows:
        header = SetHeader(id="toys", title="Toys", model="", dim=vectors.shape[1])
        toys = EmbeddingSet(header, vectors, np.zeros((len(vectors), 2)), Path("none"), "key")
        return engine("pretend").open(Opening(embeddings=toys))


class TestPretendEncoder(EncoderContract):
    @pytest.fixture(autouse=True)
    def spec_of_the_plugin(self, plugin: None) -> None:
        assert plugin is None
        spec = find("eex.encoders", "pretend")
        assert isinstance(spec, EncoderSpec)
        type(self).spec = spec


def test_a_plugin_is_found_by_name() -> None:
    spec = find("eex.encoders", "pretend")
    assert isinstance(spec, EncoderSpec)
    assert spec.name == "pretend"
    assert isinstance(spec.load("cpu"), ToyEncoder)
    assert find("eex.encoders", "pretend") is spec


def test_names_are_listed_sorted_and_nothing_is_imported() -> None:
    listed = names("eex.encoders")
    assert {"pretend", "heavy", "contested"} <= set(listed)
    assert list(listed) == sorted(listed)
    assert "eex_pretend.heavy" not in sys.modules


def test_an_unknown_name_suggests_the_nearest_and_lists_all() -> None:
    with pytest.raises(UnknownNameError) as caught:
        find("eex.encoders", "pretand")
    assert str(caught.value) == "No encoder is called 'pretand'."
    assert "Did you mean 'pretend'?" in caught.value.hint
    assert "heavy" in caught.value.hint
    assert caught.value.details["nearest"] == "pretend"
    assert isinstance(caught.value, LookupError)


def test_a_name_far_from_all_only_lists() -> None:
    error = unknown_name("set", "zzzzzz", ("world",))
    assert error.hint == "Known: world."
    assert unknown_name("set", "World", ("world",)).details["nearest"] == "world"
    assert unknown_name("set", "world", ()).hint == "None is installed."


def test_a_name_claimed_twice_is_refused_and_both_claimants_are_named() -> None:
    with pytest.raises(EexError, match="more than once") as caught:
        find("eex.encoders", "contested")
    assert "eex-pretend" in str(caught.value)
    assert "eex-rival" in str(caught.value)


def test_the_same_distribution_twice_on_the_path_is_one_claim(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    again.symlink_to(PLUGIN)
    monkeypatch.syspath_prepend(str(again))
    registry._installed.cache_clear()
    assert isinstance(find("eex.encoders", "pretend"), EncoderSpec)


def test_a_missing_package_is_named_with_the_extra_that_brings_it() -> None:
    with pytest.raises(MissingExtraError) as caught:
        find("eex.encoders", "heavy")
    assert "'a_package_nobody_has'" in str(caught.value)
    assert "eex-pretend[heavy]" in caught.value.hint
    assert isinstance(caught.value, ImportError)


def test_an_entry_point_that_leads_nowhere_is_named() -> None:
    with pytest.raises(EexError, match=r"is not at 'eex_pretend\.things:NOWHERE'"):
        find("eex.encoders", "nowhere")


def test_importing_the_registry_imports_nothing_heavy() -> None:
    code = "import sys, eex.registry; print(*{'numpy', 'importlib.metadata'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
