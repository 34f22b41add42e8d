"""A finished set that is asked for otherwise takes the title, and says what it keeps."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from build_world import DEMO, made, rows, small_pieces
from eex.build import again, work
from eex.build import estimate as estimating
from eex.build.append import header_at
from eex.build.plan import Model
from eex.build.world import WorldScenes
from eex.cli import cli
from eex.embeddings import open_table
from eex.errors import BadPictureError, UnavailableError
from eex.geoparquet import write
from test_build_run import Faulty

BOX = (5.0, 44.0, 16.0, 48.0)


def titles(path: Path) -> set[str]:
    record = json.loads(path.with_suffix(".json").read_text())
    return {header_at(path).title, record["title"], record["assets"]["embeddings"]["title"]}


def test_a_title_is_taken_and_rows_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "ROW_GROUP", 15)
    path = tmp_path / "set.parquet"
    made(path, title="First", box=BOX)
    before, table, old = pq.read_metadata(path), rows(path), header_at(path)
    assert before.num_row_groups > 1
    monkeypatch.setattr(work, "read_tiles", None)  # nothing may be read
    found = made(path, title="Second", box=BOX)
    assert found.before
    assert found.notes == (f"{path} is now called Second; it was First.",)
    assert titles(path) == {"Second"}
    after = pq.read_metadata(path)
    assert rows(path).equals(table)
    assert after.num_row_groups == before.num_row_groups
    assert after.metadata[b"geo"] == before.metadata[b"geo"]
    assert {**json.loads(after.metadata[b"emb"]), "title": "First"} == json.loads(old.to_json())
    for group in range(before.num_row_groups):
        for column in range(before.num_columns):
            one, two = (told.row_group(group).column(column) for told in (before, after))
            assert (one.compression, one.encodings, one.total_uncompressed_size) == (
                two.compression, two.encodings, two.total_uncompressed_size,
            )  # fmt: skip
    record = json.loads(path.with_suffix(".json").read_text())
    assert record["assets"]["embeddings"]["file:size"] == path.stat().st_size
    assert open_table(path, cache_dir=tmp_path).header.title == "Second"
    stamp = path.stat().st_mtime_ns
    for same in ({"title": "Second"}, {}):
        found = made(path, box=BOX, **same)
        assert (found.before, found.notes) == (True, ())
    assert path.stat().st_mtime_ns == stamp
    assert titles(path) == {"Second"}


def test_a_renaming_that_is_stopped_is_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "set.parquet"
    made(path, title="First", box=BOX)
    with monkeypatch.context() as patch:
        patch.setattr(again, "_name_collection", None)
        with pytest.raises(TypeError):
            made(path, title="Second", box=BOX)
    assert titles(path) == {"First", "Second"}
    assert made(path, title="Second", box=BOX).notes == ()
    assert titles(path) == {"Second"}


def test_all_sets_of_a_build_take_the_title(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pieces(monkeypatch)
    other = Model(name=DEMO, variant="")
    path = tmp_path / "set.parquet"
    made(path, models=(other,), box=BOX, title="One")
    path.with_suffix(".json").unlink()  # the collection is not needed
    assert len(made(path, models=(other,), box=BOX, title="Two").notes) == 1
    assert header_at(path).title == "Two"
    assert not path.with_suffix(".json").exists()


def test_a_format_that_is_kept_is_told(tmp_path: Path) -> None:
    path = tmp_path / "set.parquet"
    made(path, box=BOX)
    before = path.read_bytes()
    found = made(path, box=BOX, dtype="float32")
    (note,) = found.notes
    assert "stay float16" in note
    assert "--fresh" in note
    assert path.read_bytes() == before
    assert made(path, box=BOX, dtype="float16").notes == made(path, box=BOX).notes == ()
    assert made(path, box=BOX, dtype="float32", fresh=True).notes == ()
    assert rows(path).schema.field("embedding").type.value_type == "float"
    (note,) = made(path, box=BOX, dtype="float16").notes
    assert f"eex set write {path} --dtype float16" in note
    assert made(path, box=BOX).notes == ()  # not asked for


def test_an_added_to_set_keeps_its_format_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "set.parquet"
    made(path, box=BOX, dtype="float32")
    found = made(path, box=(16.0, 44.0, 20.0, 48.0), append=path)
    assert found.notes == ()
    assert rows(path).schema.field("embedding").type.value_type == "float"
    found = made(path, box=(20.0, 44.0, 24.0, 48.0), append=path, dtype="float16")
    assert found.notes == (
        f"Vectors of {path} stay float32, as the set that was added to has them.",
    )


def test_the_command_line_says_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EEX_CACHE_DIR", str(tmp_path / "cache"))
    path = tmp_path / "set.parquet"
    words = ["build", "world", "--bbox", "5 44 16 48", "--engine", "here", "-o", str(path)]
    assert CliRunner().invoke(cli, words).exit_code == 0
    told = CliRunner().invoke(cli, [*words, "--title", "Alps", "--dtype", "float32"])
    assert told.exit_code == 0
    assert "is now called Alps" in told.stderr
    assert "stay float16" in told.stderr
    assert header_at(path).title == "Alps"


WORDS = ["build", "world", "--bbox", "0 40 30 60", "--engine", "here"]


def dry(path: Path, *more: str) -> str:
    told = CliRunner().invoke(cli, [*WORDS, "-o", str(path), "--dry-run", *more])
    assert told.exit_code == 0, told.output
    return told.stdout


def test_a_dry_run_of_a_half_done_build_tells_what_remains_and_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EEX_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(estimating, "SECONDS", 0.05)
    small_pieces(monkeypatch)
    path, words = tmp_path / "set.parquet", [*WORDS, "-o", str(tmp_path / "set.parquet")]
    items = WorldScenes((0.0, 40.0, 30.0, 60.0)).items()
    every = sum(item.tiles for item in items)
    before = json.loads(dry(path, "--json"))
    assert (before["tiles"], before["items"], "left" in before) == (every, len(items), False)
    bad = {i: UnavailableError("No answer.") for i in range(3, len(items))}
    with monkeypatch.context() as patch:
        patch.setattr(work, "read_tiles", Faulty(bad | {1: BadPictureError("It is damaged.")}))
        assert CliRunner().invoke(cli, words).exit_code == 1
    there = sorted((p, p.read_bytes()) for p in tmp_path.rglob("*.*") if p.is_file())
    found = json.loads(dry(path, "--json"))
    rest = sum(item.tiles for item in items[3:])
    assert (found["tiles"], found["items"]) == (every, len(items))
    assert (found["left"]["tiles"], found["left"]["items"]) == (rest, len(items) - 3)
    assert found["left"]["seconds"] == pytest.approx(rest / found["rates"][DEMO])
    retried = json.loads(dry(path, "--json", "--retry"))
    assert retried["left"]["tiles"] == rest + items[1].tiles
    anew = json.loads(dry(path, "--json", "--fresh"))
    assert (anew["tiles"], "left" in anew) == (every, False)
    text = dry(path)
    assert f"{every - rest:,} of {every:,} tiles are dealt with" in text
    assert f"tiles        {rest:,} at most".replace(" ", "") in text.replace(" ", "")
    assert f"the whole {len(items)} pieces, {every:,} tiles".replace(" ", "") in text.replace(
        " ", ""
    )
    assert sorted((p, p.read_bytes()) for p in tmp_path.rglob("*.*") if p.is_file()) == there
    assert CliRunner().invoke(cli, words).exit_code == 0
    done = json.loads(dry(path, "--json"))
    assert done["left"]["tiles"] == 0
    assert done["rows"] == [every - items[1].tiles]
    assert f"All is there already: {every - items[1].tiles:,} tiles." in dry(path)
    other = json.loads(dry(path, "--json", "--batch", "16"))  # another build
    assert "left" not in other


def test_a_second_try_keeps_title_and_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pieces(monkeypatch)
    path = tmp_path / "set.parquet"
    with monkeypatch.context() as patch:
        patch.setattr(work, "read_tiles", Faulty({2: BadPictureError("It is damaged.")}))
        first = made(path, title="First", dtype="float32")
    made(path, title="Second")
    whole = made(path, retry=True)
    assert whole.rows[0] > first.rows[0]
    assert titles(path) == {"Second"}
    assert rows(path).schema.field("embedding").type.value_type == "float"
    with monkeypatch.context() as patch:
        patch.setattr(work, "read_tiles", Faulty({2: BadPictureError("It is damaged.")}))
        made(path, fresh=True)
    made(path, retry=True, title="Third", dtype="float32")
    assert titles(path) == {"Third"}
    assert rows(path).schema.field("embedding").type.value_type == "float"
