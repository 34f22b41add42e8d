"""What goes wrong is told as what it is: a model's failure, a scene that is not there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

import eex
from build_world import DEMO, asked, made, parts, small_pieces
from eex.build.about import essence
from eex.build.append import joined_header
from eex.build.plan import BuildFolder
from eex.build.publish import publish
from eex.build.scenes import KeptScenes
from eex.config import Settings
from eex.embeddings import SetHeader
from eex.encoders.open import Encoder
from eex.errors import BadQueryError, ModelError, UnavailableError, UnknownNameError
from eex.sources.refs import Asset, SceneRef
from range_server import Fault, range_server
from scenes import write_tif


def short_of_memory(after: int) -> Any:
    """Return `Encoder.encode_image` as it is where memory is short after so many calls."""
    encode, calls = Encoder.encode_image, [0]

    def encode_image(self: Encoder, images: Any, **more: Any) -> Any:
        calls[0] += 1
        if calls[0] > after:
            message = "CUDA out of memory. Tried to allocate 2.00 GiB"
            raise RuntimeError(message)
        return encode(self, images, **more)

    return encode_image


def test_a_model_that_fails_stops_the_build_and_sets_no_scene_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pieces(monkeypatch)
    path = tmp_path / "set.parquet"
    with monkeypatch.context() as patch:
        patch.setattr(Encoder, "encode_image", short_of_memory(1))
        with pytest.raises(ModelError, match="out of memory") as told:
            made(path)
    assert "--batch" in told.value.hint
    assert not BuildFolder(path).aside()
    assert not path.exists()
    assert len(parts(path)) <= 1
    assert made(path).rows[0] > 0


def kept(refs: list[SceneRef], folder: Path) -> list[Any]:
    source: Any = SimpleNamespace(name="items", title="t", asked=dict, refs=lambda: refs)
    settings = Settings(cache_dir=folder / "cache", threads=1, fetch_hosts=("127.0.0.1",))
    return KeptScenes(source, folder / "kept", asked(), settings).refs()


def test_files_of_several_bands_are_kept_apart_whatever_they_are_called(tmp_path: Path) -> None:
    with range_server() as server:
        urls = {
            band: server.put(f"/{band}/image.tif", band.encode() * 5_000)
            for band in ("B04", "B03", "B02")
        }
        bands = {band: Asset(href=url) for band, url in urls.items()}
        (found,) = kept([SceneRef(id="s1", bands=bands)], tmp_path)
        for band, asset in found.bands.items():
            assert Path(asset.href).read_bytes() == band.encode() * 5_000
            assert asset.bytes == 15_000
        before = server.body_bytes
        assert kept([SceneRef(id="s1", bands=bands)], tmp_path) == [found]
        assert server.body_bytes == before


def test_a_scene_that_is_gone_is_left_where_it_was_and_others_are_kept(tmp_path: Path) -> None:
    with range_server() as server:
        there = SceneRef(id="a", bands={"B04": Asset(href=server.put("/a.tif", b"a" * 99))})
        gone = SceneRef(id="b", bands={"B04": Asset(href=f"{server.address}/gone.tif")})
        first, second = kept([gone, there], tmp_path)
        assert first == gone
        assert Path(second.bands["B04"].href).read_bytes() == b"a" * 99
        server.fail("*", Fault("status", code=503), times=None)
        late = SceneRef(id="c", bands={"B04": Asset(href=server.put("/c.tif", b"c" * 99))})
        with pytest.raises(UnavailableError):
            kept([late], tmp_path)


@pytest.mark.parametrize("name", ["set.json", "set.scenes.json"])
@pytest.mark.parametrize("more", [{}, {"fresh": True}])
@pytest.mark.parametrize("text", ['{"type": "FeatureCollection", "features": []}', "[1]", "no"])
def test_a_file_of_ones_own_with_a_name_of_the_set_is_not_written_over(
    tmp_path: Path, name: str, more: dict[str, Any], text: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(BadQueryError, match="written over") as told:
        made(tmp_path / "set.parquet", **more)
    assert name in str(told.value)
    assert (tmp_path / name).read_text() == text
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_what_a_build_wrote_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "set.parquet"
    assert made(path).rows == made(path, fresh=True).rows


def test_a_stretch_that_there_is_not_is_told_before_anything_is_planned(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="kenkite") as told:
        made(tmp_path / "set.parquet", stretch="kenkite")
    assert "keenkite" in told.value.hint
    assert not list(tmp_path.iterdir())


def test_a_set_beside_somebody_elses_file_is_published_without_a_collection(
    tmp_path: Path,
) -> None:
    path = tmp_path / "set.parquet"
    made(path)
    for text in ('{"type": "FeatureCollection"}', "[1]", "no"):
        (tmp_path / "set.json").write_text(text)
        told = publish(path, "me/tiles", settings=Settings.from_env(), dry_run=True)
        assert "collection.json" not in dict(told.files)
        assert "README.md" in dict(told.files)


def test_what_may_not_be_compared_is_refused_before_any_work(tmp_path: Path) -> None:
    path = tmp_path / "set.parquet"
    made(path, box=(0.0, 40.0, 10.0, 60.0))
    before = path.read_bytes()
    told = pq.read_metadata(path).metadata[b"emb"]
    table = pq.read_table(path)
    odd = told.replace(b'"remove_offset": false', b'"remove_offset": true')
    assert odd != told
    metadata = table.schema.metadata | {b"emb": odd}
    other = tmp_path / "other.parquet"
    pq.write_table(table.replace_schema_metadata(metadata), other)
    with pytest.raises(BadQueryError, match="remove_offset differ"):
        made(tmp_path / "both.parquet", append=other)
    assert not (tmp_path / "both.build").exists()
    assert path.read_bytes() == before


def test_sets_of_other_mixes_of_baselines_are_compared(tmp_path: Path) -> None:
    """As on Earth Search, which takes the offset off scenes of new baselines."""
    said = "{}; the offset of 1000 of {}. 224 x 224 pixels.".format
    stretched, stored = "Digital numbers from 0 to 3000 as 0 to 255", "Digital numbers as stored"
    left_in = "baseline 04.00 left in where it was there"
    first, other = said(stretched, left_in), said(stored, left_in)
    then = said(stretched, "3 of 5 scenes taken off by the provider")
    assert essence(first) == essence(then) != essence(other)
    assert essence(first) == "Digital numbers from 0 to 3000 as 0 to 255. 224 x 224 pixels."
    header = SetHeader(id="a", title="a", model="m", dim=4, preprocessing=first)
    new = replace(header, preprocessing=then)
    assert joined_header(header, new, tmp_path).preprocessing == then
    with pytest.raises(BadQueryError, match="preprocessing differ"):
        joined_header(header, replace(header, preprocessing=other), tmp_path)


def with_a_bad_scene(folder: Path) -> list[Path]:
    for name, value in (("a", 900), ("b", 1_900)):
        numbers = np.full((3, 64, 64), value, np.uint16)
        left = 500_000 if name == "a" else 600_000
        write_tif(folder / f"{name}.tif", numbers, left=left, top=5_000_000)
    content = (folder / "b.tif").read_bytes()
    (folder / "b.tif").write_bytes(content[:-60])
    return [folder / "a.tif", folder / "b.tif"]


def test_a_set_without_a_bad_scene_is_done_may_be_added_to_and_tried_again(tmp_path: Path) -> None:
    paths, path = with_a_bad_scene(tmp_path / "in"), tmp_path / "set.parquet"
    settings = Settings(cache_dir=tmp_path / "cache", threads=1, device="cpu")
    given: dict[str, Any] = {
        "bands": ("B04", "B03", "B02"),
        "size": 64,
        "engine": "here",
        "settings": settings,
        "model": DEMO,
    }
    found = eex.make_set("folder", path, paths=paths, **given)
    assert (found.rows, len(found.aside), found.before) == ((1,), 1, False)
    again = eex.make_set("folder", path, paths=paths, **given)
    assert (again.rows, again.aside, again.before) == ((1,), found.aside, True)
    mended = np.full((3, 64, 64), 1_900, np.uint16)
    write_tif(paths[1], mended, left=600_000, top=5_000_000)
    whole = eex.make_set("folder", path, paths=paths, retry=True, **given)
    assert (whole.rows, whole.aside) == ((2,), ())
    (tmp_path / "more").mkdir()
    more = with_a_bad_scene(tmp_path / "more" / "x")
    for number, one in enumerate(more):
        one.rename(one.with_name(f"later{number}.tif"))
    added = [one.with_name(f"later{number}.tif") for number, one in enumerate(more)]
    other = tmp_path / "other.parquet"
    eex.make_set("folder", other, paths=added, **given)
    after = eex.make_set("folder", other, paths=[paths[1]], append=other, **given)
    assert after.rows == (2,)


def test_a_build_that_begins_anew_goes_on_with_the_same_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pieces(monkeypatch)
    path = tmp_path / "set.parquet"
    made(path)
    with monkeypatch.context() as patch:
        patch.setattr(Encoder, "encode_image", short_of_memory(4))
        with pytest.raises(ModelError):
            made(path, fresh=True)
    kept = parts(path)
    assert kept
    found = made(path, fresh=True)
    assert 0 < found.tiles < found.rows[0]
    assert made(path, fresh=True).tiles == found.rows[0]  # it had ended: anew
