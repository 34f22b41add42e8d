"""What does not fit together is told or refused when a set is opened."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import eex
from eex.catalog import gather, load
from eex.catalog.known import open_embeddings
from eex.catalog.load import records_of
from eex.catalog.notes import notes_of
from eex.catalog.opened import open_here
from eex.catalog.opening import open_named_set
from eex.catalog.wish import Wish
from eex.cli.sets import size_text
from eex.config import Settings
from eex.errors import BadCatalogError, BadQueryError, NotOpenError, UnknownNameError
from eex.search.hints import in_python
from eex.search.query import _KEYS
from published import table

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    pq.write_table(table(9), tmp_path / "tiles.parquet")
    return Settings(cache_dir=tmp_path / "cache", sets_dir=tmp_path / "sets", threads=1)


@pytest.fixture
def run(own: Settings, monkeypatch: pytest.MonkeyPatch, eex_command: Run) -> Run:
    monkeypatch.setenv("EEX_CACHE_DIR", str(own.cache_dir))
    monkeypatch.setenv("EEX_SETS_DIR", str(own.sets_dir))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.delenv("EEX_CATALOG", raising=False)

    return eex_command


@pytest.mark.parametrize("more", [("--bbox", "0,0,9,9"), ("--as", "mine"), ("--dtype", "float16")])
def test_the_world_is_not_opened_in_part(run: Run, more: tuple[str, str]) -> None:
    code, out, told = run("open", "world", *more)
    assert (code, out) == (1, "")
    assert f"{more[0]} cannot be used" in told
    assert "eex search --bbox" in told


def test_a_model_is_known_before_anything_is_done(own: Settings, tmp_path: Path) -> None:
    path = tmp_path / "tiles.parquet"
    with pytest.raises(BadQueryError, match="No model is called 'clay'") as told:
        open_named_set(path, own, wish=Wish(model="clay"))
    assert "Did you mean 'clay-v1.5'" in told.value.hint
    assert "plug-in" in told.value.hint
    with pytest.raises(UnknownNameError):
        open_named_set(path, own, wish=Wish(model="clay-v1.5", variant="nope"))
    assert open_here("tiles", own) is None


def test_vectors_that_are_not_the_models_are_noted(own: Settings, tmp_path: Path) -> None:
    here = open_named_set(tmp_path / "tiles.parquet", own, wish=Wish(model="clay-v1.5"))
    (note,) = notes_of(here, None)
    assert "vectors have 8 numbers, those of clay-v1.5 have 1,024" in note
    plain = open_named_set(
        tmp_path / "tiles.parquet", own, name="plain", wish=Wish(dtype="float16")
    )
    assert notes_of(plain, None) == []


def test_a_record_that_says_otherwise_than_the_files_is_noted(run: Run, tmp_path: Path) -> None:
    catalog = tmp_path / "sets.toml"
    catalog.write_text(
        '[[sets]]\nname = "mine"\ntitle = "Mine"\nfiles = ["tiles.parquet"]\nrows = 1200\n'
    )
    code, _, told = run("open", "mine", "--catalog", str(catalog))
    assert code == 0
    assert "note: Its record says 1,200 rows, its files have 9." in told
    listed = run("sets", "--catalog", str(catalog))[1]
    assert next(line for line in listed.splitlines() if line.startswith("mine")).split()[1] == "9"
    told = json.loads(run("open", "mine", "--catalog", str(catalog), "--json")[1])
    assert told["notes"] == ["Its record says 1,200 rows, its files have 9."]
    assert [size_text(n) for n in (0, 7_000, 600_000, 99_700_000)] == [
        "",
        "7 kB",
        "0.6 MB",
        "100 MB",
    ]


def test_only_integers_are_scaled(own: Settings, tmp_path: Path) -> None:
    for wish in (Wish(scale=0.5), Wish(offset=1.0)):
        with pytest.raises(BadQueryError, match="stored as float32; only integers are scaled"):
            open_named_set(tmp_path / "tiles.parquet", own, wish=wish)
    whole = table(9)
    ints = pa.array([[1, 2, 3, 4]] * 9, pa.list_(pa.int8()))
    at = whole.schema.get_field_index("embedding")
    pq.write_table(whole.set_column(at, "embedding", ints), tmp_path / "ints.parquet")
    here = open_named_set(tmp_path / "ints.parquet", own, wish=Wish(scale=0.5))
    assert here.header["scale"] == 0.5


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ('pixels = "majortm"', "readers are"),
        ('examples = [["Sand", { txt = "sand" }]]', "unknown field `txt`"),
    ],
)
def test_fields_of_a_record_are_looked_at(field: str, wanted: str) -> None:
    text = f'[[sets]]\nname = "mine"\ntitle = "Mine"\nfiles = ["https://a.org/b"]\n{field}\n'
    with pytest.raises(BadCatalogError, match=wanted):
        records_of(text.encode(), "sets.toml")


def test_examples_ask_as_queries_do() -> None:
    assert set(_KEYS) >= load.EXAMPLE_KEYS


def test_a_model_of_a_record_that_nobody_knows_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    catalog = tmp_path / "sets.toml"
    catalog.write_text(
        '[[sets]]\nname = "mine"\ntitle = "Mine"\nfiles = ["a"]\nmodel = "clay-v15"\n'
    )
    for _ in range(2):
        assert gather.records_at(catalog)[0].model == "clay-v15"
    assert caplog.text.count("is not known here. Did you mean 'clay-v1.5'?") == 1


def test_python_says_all_that_the_command_does(own: Settings, tmp_path: Path) -> None:
    ints = pa.array([[1, 2, 3, 4]] * 9, pa.list_(pa.int8()))
    whole = table(9)
    at = whole.schema.get_field_index("embedding")
    pq.write_table(whole.set_column(at, "embedding", ints), tmp_path / "ints.parquet")
    said = {"model": "clay-v1.5", "variant": "official", "scale": 0.5, "offset": 1.0}
    header = eex.open_set(tmp_path / "ints.parquet", settings=own, **said).embeddings.header
    assert {key: getattr(header, key) for key in said} == said
    catalog = tmp_path / "sets.toml"
    text = '[[sets]]\nname = "mine"\ntitle = "{}"\nfiles = ["tiles.parquet"]\n'
    for title in ("One", "Two"):
        catalog.write_text(text.format(title))
        mine = eex.open_set("mine", settings=own, catalog=catalog, refresh=True)
        assert mine.embeddings.header.title == title
    states = {r["name"]: r["state"] for r in eex.sets(settings=own, catalog=[str(catalog)])}
    assert (states["mine"], states["ints"], states["siglip-249k"]) == ("open", "open", "absent")
    assert eex.remove_set("mine", settings=own) > 0
    assert "mine" not in {r["name"] for r in eex.sets(settings=own)}
    with pytest.raises(NotOpenError):
        eex.remove_set("mine", settings=own)
    with pytest.raises(BadCatalogError):
        eex.sets(settings=own, catalog=tmp_path / "none.toml")


def test_hints_in_python_name_arguments(own: Settings, tmp_path: Path) -> None:
    eex.open_set(tmp_path / "tiles.parquet", settings=own, dtype="float16")
    with pytest.raises(BadQueryError) as told:
        eex.open_set(tmp_path / "tiles.parquet", settings=own, rows=(0, 5))
    assert "called" in told.value.hint
    assert "refresh=True" in told.value.hint
    assert "--" not in told.value.hint
    assert told.value.__notes__ == [told.value.hint]
    assert in_python("Give --column lon=x --column id=y.") == (
        'Give columns={"lon": "x"} columns={"id": "y"}.'
    )
    assert in_python("eex open a --as b") == "eex open a --as b"


def test_a_file_of_a_catalogue_that_lacks_is_told_with_it(run: Run, tmp_path: Path) -> None:
    catalog = tmp_path / "alps.toml"
    catalog.write_text('[[sets]]\nname = "alps"\ntitle = "Alps"\nfiles = ["none.parquet"]\n')
    code, _, told = run("open", "alps", "--catalog", str(catalog))
    assert code == 1
    assert str(tmp_path / "none.parquet") in told
    assert f"The catalogue {catalog} says" in told
    text = run("sets", "--catalog", str(catalog), "alps")[1]
    assert text.endswith(f"Open it: eex open alps --catalog {catalog}\n")


def test_messages_say_what_is_meant(
    run: Run, own: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text("lon,lat\n1,2\n")
    for word in ("t.csv", "./t.csv", str(tmp_path / "t.csv")):
        code, _, told = run("open", word)
        assert (code, "no Parquet file" in told, "GeoParquet" in told) == (1, True, True)
    nothing = tmp_path / "nothere"
    assert (
        f"There is no file or folder {nothing}."
        in run("open", "dinov2-249k", "--from", str(nothing))[2]
    )
    assert f"from       {tmp_path / 'tiles.parquet'}" in run("open", "tiles.parquet")[1]
    assert (
        "The set has 1 file, no file 2."
        in run("open", "tiles.parquet", "--as", "x", "--shards", "2")[2]
    )
    for name in ("tiles", "a.csv"):  # what is open stays open, whatever lies here
        (tmp_path / name).write_text("x")
        run("open", "tiles.parquet", "--as", name)
        assert len(open_embeddings(name, settings=own)) == 9
    run("open", "tiles.parquet", "--as", "half", "--dtype", "float16")
    told = run("open", "tiles.parquet", "--as", "half", "--rows", "0:5")[2]
    assert "in another way: all of it, dtype float16; not rows 0 to 5." in told
