"""`eex index`: built, told, measured, removed."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest

from eex.cli import cli
from eex.cli import index as commands
from eex.embeddings import EmbeddingSet
from eex.errors import BadQueryError, EexError, SetError
from eex.index import built, engines, faiss_engines, recall
from eex.index.base import FindsRows, Hits
from eex.index.engines import EngineSpec, Opening
from eex.index.int8 import open_int8
from eex.index.plain import EXACT, open_exact
from eex.registry import unknown_name
from eex.search.run import OpenSet
from eex.testing import toy_vectors
from toy_sets import SHORT, embedding_set

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


@pytest.mark.usefixtures("there")
def test_of_engines_that_build_nothing_it_is_said_and_nothing_else_is_proposed(
    eex_command: Run,
) -> None:
    for command in ("verify", "remove"):
        code, out, err = eex_command("index", command, "world", "--engine", "exact")
        assert (code, out) == (1, "")
        assert "nothing built" in err
        assert "eex index build" not in err


def test_one_index_that_cannot_be_opened_does_not_keep_others_from_being_measured(
    there: EmbeddingSet, eex_command: Run
) -> None:
    eex_command(*BUILD)
    eex_command("index", "build", "world", "--engine", "faiss-hnsw")
    assert there.folder is not None
    path = there.folder / "indexes" / "faiss-hnsw" / "index.faiss"
    path.write_bytes(bytes(path.stat().st_size))  # as long as it should be
    code, out, err = eex_command("index", "verify", "world", "--queries", "3")
    assert code == 1
    assert "faiss-hnsw" in err
    assert "is damaged" in err
    assert "image-like" in out
    assert built.built_index(there, "faiss-ivf-sq8").recall["text"]["queries"] == 3
    code, out, _ = eex_command("index", "verify", "world", "--queries", "3", "--json")
    told = {one["engine"]: one for one in json.loads(out)["indexes"]}
    assert code == 1
    assert "damaged" in told["faiss-hnsw"]["problem"]
    assert told["faiss-hnsw"]["recall"] == {}
    assert told["faiss-ivf-sq8"]["problem"] == ""
    assert told["faiss-ivf-sq8"]["recall"]["image"]["queries"] == 3


def test_what_cannot_be_kept_is_told_all_the_same(
    there: EmbeddingSet, eex_command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    eex_command(*BUILD)

    def built_again(*_: object) -> None:
        message = "The index was built again."
        raise SetError(message, hint="Measure it.")

    monkeypatch.setattr(built, "keep_recall", built_again)
    for engine in ((), ("--engine", "faiss-ivf-sq8")):
        code, out, err = eex_command("index", "verify", "world", "--queries", "3", *engine)
        assert code == 1
        assert "image-like" in out
        assert "The index was built again. Measure it." in err
    assert built.built_index(there, "faiss-ivf-sq8").recall == {}


@pytest.mark.parametrize("error", [None, BadQueryError("No.")])
def test_what_was_opened_to_be_measured_is_closed(
    error: Exception | None, there: EmbeddingSet, eex_command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    eex_command(*BUILD)
    opened, closed = built.open_index, []

    class Closing:
        def __init__(self, inner: FindsRows) -> None:
            self.size, self.dim, self.inner = inner.size, inner.dim, inner

        def search(self, *asked: Any, **more: Any) -> Hits:
            if error is not None:
                raise error
            return self.inner.search(*asked, **more)

        def close(self) -> None:
            closed.append(self)

    monkeypatch.setattr(built, "open_index", lambda *a, **more: Closing(opened(*a, **more)))
    code, _, _ = eex_command("index", "verify", "world", "--queries", "2")
    assert code == (0 if error is None else 1)
    assert len(closed) == 1
    assert there.folder is not None


def test_before_much_is_read_it_is_said(
    there: EmbeddingSet, eex_command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    eex_command(*BUILD)
    verify = ("index", "verify", "world", "--queries", "2")
    assert "read once" not in eex_command(*verify)[2]
    monkeypatch.setattr(commands, "LARGE", len(there) - 1)
    err = eex_command(*verify)[2]
    assert "are read once" in err
    assert "Fewer --queries" in err


def test_an_odd_record_of_recall_is_no_traceback(there: EmbeddingSet, eex_command: Run) -> None:
    eex_command(*BUILD)
    path = built.built_index(there, "faiss-ivf-sq8").folder / built.RECORD
    told = json.loads(path.read_text())
    for odd in ({"image": 3}, {"image": {"recall": 1}}, [["image", 3]], 3, None):
        path.write_text(json.dumps({**told, "recall": odd}))
        code, out, _ = eex_command("index", "info", "world")
        assert code == 0
        assert "not measured" in out
    path.write_text(json.dumps({**told, "rows": float("inf")}))
    code, out, _ = eex_command("index", "info", "world")
    assert code == 0
    assert "cannot be read" in out


@pytest.mark.usefixtures("there")
def test_an_engine_that_is_broken_is_listed_with_its_error(
    eex_command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = engines.engine

    def broken(name: str) -> EngineSpec:
        if name == "theirs":
            message = "The index 'theirs' is not at 'x:Y'."
            raise EexError(message, hint="Install another.")
        if name == "worse":
            message = "a surprise"
            raise RuntimeError(message)
        return found(name)

    monkeypatch.setattr(engines, "engine", broken)
    monkeypatch.setattr(engines, "engine_names", lambda: ("exact", "faiss-hnsw", "theirs", "worse"))
    code, out, _ = eex_command("index", "engines")
    assert code == 0
    assert "Every row is read" in out
    assert "theirs             cannot be used: The index 'theirs' is not at" in out
    assert "RuntimeError: a surprise" in out
    told = json.loads(eex_command("index", "engines", "--json")[1])["engines"]
    problems = {one["name"]: one["problem"] for one in told}
    assert problems["exact"] == problems["faiss-hnsw"] == ""
    assert "Install another." in problems["theirs"]
    assert "a surprise" in problems["worse"]


def hints(there: EmbeddingSet) -> Iterator[str]:
    """Give what errors of indexes propose."""
    changed = replace(there, key="new")
    calls: list[Callable[[], object]] = [
        lambda: built.open_index(there, "faiss-hnsw"),
        lambda: built.remove_index(there, "faiss-hnsw"),
        lambda: open_int8(Opening(embeddings=there)),
        lambda: open_int8(Opening(embeddings=there, folder=there.folder)),
        lambda: built.build_index(there, "faiss-ivf-sq8"),
        lambda: built.open_index(changed, "faiss-ivf-sq8"),
        lambda: built.open_index(there, "faiss-ivf-sq8", options={"nlist": 9}),
        lambda: built.keep_recall(
            replace(built.built_index(there, "faiss-ivf-sq8"), seconds=99.0), {}
        ),
    ]
    built.build_index(there, "faiss-ivf-sq8")
    for call in calls:
        with pytest.raises(EexError) as caught:
            call()
        yield caught.value.hint


def test_commands_that_hints_propose_are_commands(there: EmbeddingSet) -> None:
    said = list(hints(there))
    for hint in said:
        assert "eex index " in hint, hint
        _, *words = shlex.split(hint[hint.index("eex index ") :])
        command: click.Command = cli
        while isinstance(command, click.Group):
            name, *words = words
            assert name in command.commands, hint
            command = command.commands[name]
        context = command.make_context(command.name, words)
        assert context.params["name"] == "SET"
        assert context.params["engine"] in {"faiss-hnsw", "faiss-ivf-sq8", "int8"}
    assert sum("int8" in hint for hint in said) == 2


@pytest.mark.parametrize("dtype", ["<f2", "|i1"])
def test_exact_answers_are_made_from_one_read_in_parts(
    dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = toy_vectors(1_000, 16)
    vectors[100:160] = vectors[100]  # equal scores, across parts
    stored = np.rint(vectors * 20).clip(-128, 127) if dtype == "|i1" else vectors
    toys = embedding_set(SHORT, rows=1_000)
    header = replace(toys.header, scale=-0.5, offset=2.0) if dtype == "|i1" else toys.header
    toys = replace(
        toys, header=header, vectors=stored.astype(dtype), unusable=np.array([3, 150, 999])
    )
    if dtype == "<f2":
        toys.vectors[toys.unusable] = 0
    queries = np.concatenate([toy_vectors(3, 16) + 0.1, vectors[100:101]]).astype(np.float64)
    right = open_exact(Opening(embeddings=toys)).search(queries, k=70)
    monkeypatch.setattr(recall, "BLOCK_ROWS", 128)
    told: list[tuple[int, int]] = []
    found = recall.exact_best(toys, queries, k=70, progress=lambda *done: told.append(done))
    np.testing.assert_array_equal(found.rows, right.rows)
    np.testing.assert_array_equal(found.scores, right.scores)
    assert told == [(min(high, 1_000), 1_000) for high in range(128, 1_128, 128)]
    assert recall.exact_best(toys, queries, k=2_000).rows.shape == (4, 997)


def test_recall_tells_how_far_it_is() -> None:
    toys = embedding_set(SHORT, rows=500)
    read: list[tuple[int, int]] = []
    asked: list[tuple[int, int]] = []
    found = recall.measure_recall(
        open_exact(Opening(embeddings=toys)),
        toys,
        queries=4,
        reading=lambda *done: read.append(done),
        progress=lambda *done: asked.append(done),
    )
    assert found["image"]["recall"] == found["text"]["recall"] == {"10": 1.0, "100": 1.0}
    assert read == [(500, 500)]
    assert asked == [(done, 8) for done in range(1, 9)]


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
    said = json.loads(eex_command("index", "engines", "--json")[1])
    assert f"read with {said['float16_kernel']}" in out
    told = said["engines"]
    assert [one["name"] for one in told] == ["exact", "faiss-hnsw", "faiss-ivf-sq8"]
    assert told[1]["options"][0]["name"] == "links"


def test_a_set_is_opened_as_every_command_does(eex_command: Run) -> None:
    if "index" not in cli.commands:
        cli.add_command(commands.index)
    code, _, err = eex_command("index", "info", "wrld")
    assert code == 1
    assert "world" in err
