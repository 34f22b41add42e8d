"""Builds that stop between any two writes lose nothing, and mix nothing."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

import eex
from build_world import DEMO, made, parts, small_pieces
from eex.build import work
from eex.build.about import weights_of
from eex.build.append import header_at
from eex.build.plan import BuildFolder, Model
from eex.config import Settings
from eex.encoders.open import encoder, encoder_spec
from eex.errors import BadPictureError, BadQueryError, UnavailableError
from eex.sources.refs import SceneRef, from_json, to_json
from scenes import write_tif
from test_build_run import Faulty


class KilledError(Exception):
    """Stands for a signal that nothing catches."""


def given(folder: Path, **more: Any) -> dict[str, Any]:
    settings = Settings(cache_dir=folder / "cache", threads=1, device="cpu")
    own = {"bands": ("B04", "B03", "B02"), "size": 64, "engine": "here", "settings": settings}
    return {**own, "model": DEMO, **more}


def scene(path: Path, seed: int, *, left: float = 500_000.0) -> Path:
    numbers = np.random.default_rng(seed).integers(200, 4_000, (3, 64, 64)).astype(np.uint16)
    write_tif(path, numbers, left=left, top=5_000_000)
    return path


def vectors(path: Path) -> Any:
    return np.stack(pq.read_table(path)["embedding"].to_numpy())


def test_what_was_set_aside_is_not_forgotten_when_the_network_fails_at_its_second_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pieces(monkeypatch)
    path = tmp_path / "set.parquet"
    faulty = Faulty({2: BadPictureError("The file is damaged.")})
    monkeypatch.setattr(work, "read_tiles", faulty)
    first = made(path)
    faulty.bad = {2: UnavailableError("No answer.")}
    with pytest.raises(UnavailableError):
        made(path, retry=True)
    faulty.bad = {}
    last = made(path, retry=True)
    assert not last.before
    assert last.rows[0] > first.rows[0]
    assert made(path).rows == last.rows


def test_a_second_plan_that_is_not_written_forgets_no_scene(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, good, bad = (tmp_path / name for name in ("set.parquet", "in/a.tif", "in/b.tif"))
    scene(good, 1)
    scene(bad, 2, left=600_000.0)
    content = bad.read_bytes()
    bad.write_bytes(content[:8])
    own = given(tmp_path, paths=[good, bad])
    first = eex.make_set("folder", path, **own)
    assert (first.rows, len(first.aside)) == ((1,), 1)
    bad.write_bytes(content)

    def killed(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(BuildFolder, "begin", killed)
        with pytest.raises(KilledError):
            eex.make_set("folder", path, retry=True, **own)
    assert len(eex.make_set("folder", path, **own).aside) == 1
    assert eex.make_set("folder", path, retry=True, **own).rows == (2,)


def test_parts_of_a_plan_that_is_gone_do_not_get_into_another_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, other, tif = (tmp_path / name for name in ("set.parquet", "other.parquet", "in/a.tif"))
    scene(tif, 3)
    own = given(tmp_path, paths=[tif])

    def killed(*_: object, **__: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr("eex.build.make.finish", killed)
        with pytest.raises(KilledError):
            eex.make_set("folder", path, stretch="keenkite", **own)
    assert parts(path)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", killed)  # while the folder is cleared
        with pytest.raises(KilledError):
            eex.make_set("folder", path, stretch="majortom", fresh=True, **own)
    eex.make_set("folder", path, stretch="majortom", **own)
    eex.make_set("folder", other, stretch="majortom", **own)
    np.testing.assert_array_equal(vectors(path), vectors(other))


@pytest.mark.parametrize("at", ["aside.json", "plan.json", "done.json"])
def test_a_clearing_that_is_stopped_is_done_again(
    at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pieces(monkeypatch)
    path = tmp_path / "set.parquet"
    with monkeypatch.context() as patch:
        patch.setattr(work, "read_tiles", Faulty({2: BadPictureError("The file is damaged.")}))
        before = made(path).rows[0]  # what is set aside keeps its plan
    real = Path.unlink

    def stopping(self: Path, *, missing_ok: bool = False) -> None:
        if self.name == at:
            raise KilledError
        real(self, missing_ok=missing_ok)

    more: dict[str, Any] = {"box": (60.0, 40.0, 70.0, 60.0), "append": path}
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", stopping)
        with pytest.raises(KilledError):
            made(path, **more)
    assert made(path, **more).rows[0] > before


def test_rows_of_a_set_stay_whatever_rules_hold_for_what_is_added(tmp_path: Path) -> None:
    first, later, third = (
        scene(tmp_path / "in" / f"{name}.tif", seed)
        for seed, name in enumerate(("x_20240101", "x_20240201", "x_20240301"))
    )
    path = tmp_path / "set.parquet"
    both = eex.make_set("folder", path, **given(tmp_path, paths=[first, later]))
    assert both.rows == (2,)
    before = pq.read_table(path)
    more = given(tmp_path, paths=[third], append=path, once="place")
    assert eex.make_set("folder", path, **more).rows == (2,)
    assert pq.read_table(path).equals(before)


def test_parts_of_other_weights_do_not_get_into_a_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that was trained on is saved at the same path."""
    small_pieces(monkeypatch)
    path, own = tmp_path / "set.parquet", tmp_path / "own.pt"
    own.write_bytes(b"one")
    models = (Model(name=DEMO, weights=str(own)),)
    monkeypatch.setattr(work, "load_encoders", lambda _: [encoder(DEMO)])  # it has its own
    faulty = Faulty({2: UnavailableError("No answer.")})
    with monkeypatch.context() as patch:
        patch.setattr(work, "read_tiles", faulty)
        with pytest.raises(UnavailableError):
            made(path, models=models)
    own.write_bytes(b"another")
    with pytest.raises(BadQueryError, match="weights differ"):
        made(path, models=models)
    own.write_bytes(b"one")
    assert 0 < made(path, models=models).tiles < pq.read_metadata(path).num_rows
    header = header_at(path)
    assert header.weights == f"own.pt@sha256:{hashlib.sha256(b'one').hexdigest()}"


def test_weights_are_told_by_their_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    spec, folder = encoder_spec(DEMO), tmp_path / "own"
    (folder / "in").mkdir(parents=True)
    (folder / "a.json").write_bytes(b"{}")
    (folder / "in" / "b.bin").write_bytes(b"1")
    a, b = (hashlib.sha256(content).hexdigest() for content in (b"{}", b"1"))
    lines = f"a.json {a}\nin/b.bin {b}\n"
    expected = f"own@sha256:{hashlib.sha256(lines.encode()).hexdigest()}"
    assert weights_of(Model(name=DEMO, weights="~/own"), spec) == expected
    (folder / "in" / "b.bin").write_bytes(b"22")
    assert weights_of(Model(name=DEMO, weights="~/own"), spec) != expected
    assert weights_of(Model(name=DEMO, weights="~/own/a.json"), spec) == f"a.json@sha256:{a}"
    assert weights_of(Model(name=DEMO), spec) == spec.weights


def test_references_of_older_versions_do_not_say_that_data_fills_their_frames() -> None:
    frame = "POLYGON ((0 0, 1 0, 1 1, 0 1, 0 0))"
    record = to_json(SceneRef(id="a", footprint=frame))
    assert from_json(record) == SceneRef(id="a", footprint=frame)
    del record["extent"]
    assert from_json(record) == SceneRef(id="a", extent=frame)
