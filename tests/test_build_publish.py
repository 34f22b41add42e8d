"""A set as a repository on a hub: what is there, read by others' libraries; the hub is scripted."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import geopandas
import pyarrow as pa
import pyarrow.parquet as pq
import pystac
import pytest
from huggingface_hub import DatasetCard

from build_world import DEMO, made, rows
from eex.build import publish as publishing
from eex.build.append import header_at
from eex.build.card import Card, size_category, yaml_text
from eex.build.publish import publish
from eex.config import Settings
from eex.errors import BadQueryError, OfflineError, UnavailableError

REPO = "me/europe-demo"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("built") / "europe.parquet"
    made(path)
    return path


def settings(**more: Any) -> Settings:
    return replace(Settings.from_env(), **{"offline": False, **more})


def test_a_folder_holds_what_a_hub_shows(built: Path, tmp_path: Path) -> None:
    folder = tmp_path / "hub"
    told = publish(built, REPO, settings=settings(), to=folder)
    assert {name for name, _ in told.files} == {
        "README.md",
        "collection.json",
        "data/europe.parquet",
    }
    assert dict(told.files) == {
        p.relative_to(folder).as_posix(): p.stat().st_size for p in folder.rglob("*") if p.is_file()
    }
    card = DatasetCard.load(folder / "README.md")
    about, header = card.data.to_dict(), header_at(built)
    assert about["size_categories"] == ["n<1K"]
    assert about["license"] == "other"
    assert about["pretty_name"] == header.title
    assert about["embedding_dimension"] == header.dim
    assert DEMO in about["tags"]
    assert about["configs"] == [{"config_name": "default", "data_files": "data/*.parquet"}]
    for text in (header.attribution, header.licence, header.weights, REPO, "duckdb", "geopandas"):
        assert text.lower() in card.text.lower()
    frame = geopandas.read_parquet(folder / "data" / "europe.parquet")
    assert len(frame) == rows(built).num_rows
    with duckdb.connect() as connection:
        query = f"SELECT count(*) FROM '{folder}/data/*.parquet'"
        assert connection.execute(query).fetchall() == [(len(frame),)]
    record = json.loads((folder / "collection.json").read_text())
    assert record["assets"]["embeddings"]["href"] == "./data/europe.parquet"
    pystac.Collection.from_dict({**record, "stac_extensions": []}).validate()


def test_a_large_set_is_cut_into_files_with_boxes_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from eex.geoparquet import write

    monkeypatch.setattr(write, "ROW_GROUP", 50)
    path = tmp_path / "many.parquet"
    made(path)
    groups = pq.read_metadata(path).num_row_groups
    assert groups >= 4
    monkeypatch.setattr(publishing, "FILE_BYTES", path.stat().st_size // 3)
    folder = tmp_path / "hub"
    told = publish(path, REPO, settings=settings(), to=folder)
    files = sorted((folder / "data").iterdir())
    assert len(files) > 1
    assert [f"data/{file.name}" for file in files] == sorted(
        name for name, _ in told.files if name.startswith("data/")
    )
    joined = pa.concat_tables([pq.read_table(file) for file in files])
    assert joined.equals(rows(path))
    for file in files:
        table = pq.read_table(file)
        west, south, east, north = json.loads(table.schema.metadata[b"geo"])["columns"]["geometry"][
            "bbox"
        ]
        bounds = geopandas.read_parquet(file).total_bounds
        assert (west, south, east, north) == pytest.approx(tuple(bounds), abs=1e-4)
        assert header_at(file) == header_at(path)


def test_a_dry_run_writes_nothing_and_says_the_same(built: Path, tmp_path: Path) -> None:
    before = sorted(built.parent.iterdir())
    told = publish(built, REPO, settings=settings(offline=True), dry_run=True)
    assert sorted(built.parent.iterdir()) == before
    made_here = publish(built, REPO, settings=settings(), to=tmp_path / "hub")
    assert dict(told.files) == dict(made_here.files)
    assert told.bytes == made_here.bytes


class Hub:
    """Keeps what it is told, or refuses it."""

    def __init__(self, refusal: Exception | None = None) -> None:
        self.refusal = refusal
        self.made: dict[str, Any] = {}
        self.files: dict[str, bytes] = {}

    def create_repo(self, repo_id: str, **more: Any) -> str:
        if self.refusal is not None:
            raise self.refusal
        self.made = {"repo_id": repo_id, **more}
        return f"https://huggingface.co/datasets/{repo_id}"

    def upload_folder(self, **more: Any) -> None:
        folder = Path(more["folder_path"])
        assert more["repo_type"] == "dataset"
        self.files = {
            p.relative_to(folder).as_posix(): p.read_bytes()
            for p in folder.rglob("*")
            if p.is_file()
        }


def test_the_hub_gets_the_files_and_nothing_is_left_here(built: Path) -> None:
    hub, before = Hub(), sorted(built.parent.iterdir())
    told = publish(built, REPO, settings=settings(), private=True, api=hub)
    assert hub.made == {
        "repo_id": REPO,
        "repo_type": "dataset",
        "exist_ok": True,
        "private": True,
    }
    assert {name: len(content) for name, content in hub.files.items()} == dict(told.files)
    assert hub.files["data/europe.parquet"] == built.read_bytes()
    assert told.url == f"https://huggingface.co/datasets/{REPO}"
    assert sorted(built.parent.iterdir()) == before


def test_refusals_are_told_in_words(built: Path, tmp_path: Path) -> None:
    hub = Hub(RuntimeError("403 Forbidden: not your namespace\nRequest ID 1"))
    with pytest.raises(UnavailableError, match="403 Forbidden: not your namespace") as told:
        publish(built, REPO, settings=settings(), api=hub)
    assert "HF_TOKEN" in told.value.hint
    assert "Request ID" not in told.value.message
    with pytest.raises(OfflineError):
        publish(built, REPO, settings=settings(offline=True))
    with pytest.raises(BadQueryError, match="not a repository's name"):
        publish(built, "only-a-name", settings=settings())
    with pytest.raises(BadQueryError, match="is there already"):
        publish(built, REPO, settings=settings(), to=tmp_path)


def test_paths_of_this_machine_are_not_published(built: Path, tmp_path: Path) -> None:
    table = rows(built)
    urls = pa.array(["/home/me/part_00001.parquet"] * table.num_rows)
    path = tmp_path / "shards.parquet"
    pq.write_table(table.append_column("parquet_url", urls), path)
    with pytest.raises(BadQueryError, match="a file of this machine"):
        publish(path, REPO, settings=settings(), dry_run=True)
    record = json.loads(built.with_suffix(".json").read_text())
    record["links"].append({"rel": "emb:source-data", "href": "/home/me/scene.tif"})
    copy = tmp_path / "europe.parquet"
    copy.write_bytes(built.read_bytes())
    copy.with_suffix(".json").write_text(json.dumps(record))
    publish(copy, REPO, settings=settings(), to=tmp_path / "hub")
    texts = (tmp_path / "hub" / "README.md", tmp_path / "hub" / "collection.json")
    assert all("/home/me" not in text.read_text() for text in texts)


@pytest.mark.parametrize(
    "url", ["https://me:word@example.org/a.parquet", "https://example.org/a.parquet?sig=secret"]
)
def test_rights_to_read_are_not_published(url: str, built: Path, tmp_path: Path) -> None:
    table = pq.read_table(built)
    path = tmp_path / "signed.parquet"
    pq.write_table(table.append_column("parquet_url", pa.array([url] * table.num_rows)), path)
    with pytest.raises(BadQueryError, match="your right to read") as told:
        publish(path, REPO, settings=settings(), dry_run=True)
    assert "secret" not in str(told.value)
    assert "word@" not in str(told.value)


def test_titles_and_credits_of_several_lines_break_no_table(built: Path) -> None:
    header = replace(header_at(built), title="Two\nlines", attribution="A\n\n| B")
    card = Card(
        header=header,
        spec=None,
        rows=1,
        dtype="float16",
        repo=REPO,
        file="data/x.parquet",
        bbox=(0.0, 1.0, 2.0, 3.0),
    )
    text = card.text()
    assert "\n# Two lines\n" in text
    assert "\n| Credit | A / B |\n" in text
    assert DatasetCard(text).data.to_dict()["pretty_name"] == "Two lines"


def test_sizes_and_yaml_are_the_hubs() -> None:
    assert [size_category(n) for n in (999, 1000, 248_719, 10**6)] == [
        "n<1K",
        "1K<n<10K",
        "100K<n<1M",
        "1M<n<10M",
    ]
    import yaml

    record = {"a": 'x: "y" # z', "b": ["1", {"c": "d"}], "n": 3}
    assert yaml.safe_load(yaml_text(record)) == record
