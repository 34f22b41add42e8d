"""`eex index`: built, told, measured, removed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from eex.cli import cli
from eex.cli import index as commands
from eex.embeddings import EmbeddingSet
from eex.index import built, engines, faiss_engines
from eex.index.engines import EngineSpec
from eex.index.plain import EXACT
from eex.registry import unknown_name
from eex.search.run import OpenSet

pytest.importorskip("faiss")

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def there(world: OpenSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EmbeddingSet:
    """Return the world, its indexes in a folder of this test."""
    specs = (EXACT, faiss_engines.FAISS_IVF_SQ8, faiss_engines.FAISS_HNSW)
    known = {spec.name: spec for spec in specs}

    def found(name: str) -> EngineSpec:
        if name not in known:
            raise unknown_name("index", name, tuple(known))  # noqa: EM101
        return known[name]

    for module in (built, engines):
        monkeypatch.setattr(module, "engine", found)
        monkeypatch.setattr(module, "engine_names", lambda: tuple(sorted(known)))
    embeddings = replace(world.embeddings, folder=tmp_path)
    monkeypatch.setattr(commands, "_opened", lambda _name: (embeddings, 1))
    if "index" not in cli.commands:
        cli.add_command(commands.index)
    return embeddings


BUILD = ("index", "build", "world", "--engine", "faiss-ivf-sq8")


def test_an_index_is_built_told_measured_and_removed(there: EmbeddingSet, eex_command: Run) -> None:
    assert (
        eex_command("index", "info", "world")[1] == "world has no index; it is searched exactly.\n"
    )
    code, out, err = eex_command(*BUILD, "--option", "nlist=16", "--threads", "1")
    assert code == 0
    assert out.startswith("faiss-ivf-sq8\n")
    assert "nlist=16" in out
    assert "not measured" in out
    assert "eex index verify world --engine faiss-ivf-sq8" in err
    code, out, _ = eex_command("index", "verify", "world", "--queries", "5", "--json")
    told = json.loads(out)["indexes"][0]
    assert told["rows"] == len(there)
    assert told["bytes_per_vector"] > there.header.dim
    for kind in ("image", "text"):
        assert told["recall"][kind]["queries"] == 5
        assert 0.5 < told["recall"][kind]["recall"]["10"] <= 1
    code, out, _ = eex_command("index", "info", "world")
    assert code == 0
    assert "image-like" in out
    assert "text-like" in out
    assert "bytes" in out
    assert json.loads(eex_command("index", "info", "world", "--json")[1])["indexes"] == [told]
    code, out, _ = eex_command("index", "remove", "world", "--engine", "faiss-ivf-sq8")
    assert (code, out.split(":")[0]) == (0, "Removed faiss-ivf-sq8 of world")
    assert built.built_indexes(there) == []


def test_options_of_a_search_are_measured_and_not_kept(
    there: EmbeddingSet, eex_command: Run
) -> None:
    eex_command(*BUILD, "--option", "nlist=16")
    verify = ("index", "verify", "world", "--engine", "faiss-ivf-sq8", "--queries", "10")
    wide = json.loads(
        eex_command(*verify, "--option", "nprobe=16", "--option", "rescore=50", "--json")[1]
    )
    assert wide["indexes"][0]["recall"]["text"]["recall"]["10"] == 1
    assert built.built_index(there, "faiss-ivf-sq8").recall == {}


@pytest.mark.usefixtures("there")
def test_an_index_is_replaced_only_with_force(eex_command: Run) -> None:
    assert eex_command(*BUILD)[0] == 0
    code, out, err = eex_command(*BUILD)
    assert (code, out) == (1, "")
    assert "--force" in err
    code, out, _ = eex_command(*BUILD, "--option", "nlist=8", "--force", "--json")
    assert code == 0
    assert json.loads(out)["options"]["nlist"] == 8


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--option", "nlst=4"), "nlist"),
        (("--option", "nlist"), "KEY=VALUE"),
        (("--option", "nlist=4", "--option", "nlist=5"), "twice"),
        (("--option", "nlist=many"), "whole number"),
    ],
)
def test_a_wrong_option_is_refused_with_a_hint(
    arguments: tuple[str, ...], said: str, eex_command: Run
) -> None:
    code, out, err = eex_command(*BUILD, *arguments)
    assert (code, out) == (1, "")
    assert said in err
    assert "Traceback" not in err


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("biuld", "world"), 2, "'build'"),
        (("build", "world"), 2, "--engine"),
        (("build", "world", "--engine", "exact"), 1, "nothing built"),
        (("build", "world", "--engine", "faiss-hnws"), 1, "'faiss-hnsw'"),
        (("verify", "world"), 1, "eex index build world"),
        (("verify", "world", "--engine", "faiss-hnsw"), 1, "eex index build"),
        (("verify", "world", "--option", "nprobe=4"), 1, "--engine"),
        (("remove", "world", "--engine", "faiss-hnsw"), 1, "no index"),
    ],
)
def test_what_cannot_be_done_says_what_to_do(
    arguments: tuple[str, ...], code: int, said: str, eex_command: Run
) -> None:
    found = eex_command("index", *arguments)
    assert (found[0], found[1]) == (code, "")
    assert said in found[2]


def test_a_damaged_index_is_told_and_can_be_removed(there: EmbeddingSet, eex_command: Run) -> None:
    eex_command(*BUILD)
    assert there.folder is not None
    (there.folder / "indexes" / "faiss-ivf-sq8" / "index.faiss").unlink()
    code, out, _ = eex_command("index", "info", "world")
    assert code == 0
    assert "is not whole" in out
    assert eex_command("index", "verify", "world")[0] == 1
    assert eex_command("index", "remove", "world", "--engine", "faiss-ivf-sq8")[0] == 0


@pytest.mark.usefixtures("there")
def test_engines_and_their_options_are_listed(eex_command: Run) -> None:
    code, out, _ = eex_command("index", "engines")
    assert code == 0
    assert "exact" in out
    assert "nprobe=0" in out
    told = json.loads(eex_command("index", "engines", "--json")[1])["engines"]
    assert [one["name"] for one in told] == ["exact", "faiss-hnsw", "faiss-ivf-sq8"]
    assert told[1]["options"][0]["name"] == "links"


def test_a_set_is_opened_as_every_command_does(eex_command: Run) -> None:
    if "index" not in cli.commands:
        cli.add_command(commands.index)
    code, _, err = eex_command("index", "info", "wrld")
    assert code == 1
    assert "world" in err
