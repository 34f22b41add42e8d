"""What goes wrong is told as what it is: a model's failure, a scene that is not there."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from build_world import asked, made, parts, small_pieces
from eex.build.plan import BuildFolder
from eex.build.publish import publish
from eex.build.scenes import KeptScenes, fetch_whole
from eex.config import Settings
from eex.encoders.open import Encoder
from eex.errors import BadQueryError, ModelError, UnavailableError, UnknownNameError
from eex.sources.refs import Asset, SceneRef
from range_server import Fault, range_server


def test_a_model_that_fails_stops_the_build_and_sets_no_scene_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pieces(monkeypatch)
    encode, calls = Encoder.encode_image, [0]

    def short(self: Encoder, images: Any, **more: Any) -> Any:
        calls[0] += 1
        if calls[0] > 1:
            message = "CUDA out of memory. Tried to allocate 2.00 GiB"
            raise RuntimeError(message)
        return encode(self, images, **more)

    path = tmp_path / "set.parquet"
    with monkeypatch.context() as patch:
        patch.setattr(Encoder, "encode_image", short)
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


def test_a_file_that_stopped_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eex.build.scenes.CHUNK", 1_000)
    settings = Settings(cache_dir=tmp_path / "cache", threads=1, fetch_hosts=("127.0.0.1",))
    content = bytes(range(256)) * 40
    with range_server() as server:
        url = server.put("/a.tif", content)

        def stop(_: str, done: int, total: int) -> None:
            assert total == len(content)
            if done >= 4_000:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fetch_whole(url, tmp_path / "a.tif", settings=settings, progress=stop)
        assert not (tmp_path / "a.tif").exists()
        before = server.body_bytes
        fetch_whole(url, tmp_path / "a.tif", settings=settings)
        assert server.body_bytes - before < len(content) - 3_000
        assert (tmp_path / "a.tif").read_bytes() == content


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
