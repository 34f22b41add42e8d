"""Records of sets: ours, a plug-in's, a user's; what is wrong in one is told with its place."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from eex.catalog import gather, load
from eex.catalog.gather import catalogue
from eex.catalog.load import read_catalog, record_of
from eex.catalog.records import SetFile, SetRecord
from eex.catalog.targets import Target, target_of
from eex.cli import main
from eex.config import Settings
from eex.encoders.open import encoder_spec
from eex.errors import BadCatalogError, BadQueryError, UnknownNameError
from eex.weights.records import Home

OWN = """
[[sets]]
name = "mine"
title = "My tiles"
model = "clay-v1.5"
rows = 12
licence = "CC-BY-4.0"
homes = [{ hub = "modelscope.cn", repo = "me/tiles" }]
files = ["part/*.parquet", { name = "more.parquet", size = 5 }]
columns = { embedding = "vec" }
examples = [["Sand", { text = "sand" }]]
"""


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    return Settings(cache_dir=tmp_path / "cache", threads=1)


@pytest.fixture
def plug(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Install entry points of the group `eex.sets`."""

    def install(**points: object) -> None:
        def find(_group: str, name: str) -> object:
            point = points[name]
            if isinstance(point, Exception):
                raise point
            return point

        monkeypatch.setattr(gather, "names", lambda _: tuple(points))
        monkeypatch.setattr(gather, "find", find)

    return install


def test_every_packaged_record_names_a_model_and_variant_that_exist(own: Settings) -> None:
    records = catalogue(own)
    assert len(records) >= 10
    for record in records.values():
        assert record.homes[0].hub == "huggingface"
        assert all(home.kind == "dataset" for home in record.homes)
        assert record.licence
        assert record.attribution
        if record.model:
            spec = encoder_spec(record.model)
            assert spec.variant(record.variant)
            assert record.dim in {0, spec.dim}
            assert set(record.bands) <= set(spec.bands) | {"B10"}


@pytest.mark.parametrize(
    ("name", "rows"),
    [("siglip-249k", 248_719), ("olmoearth-249k", 248_719), ("siglip-core", 20_212_974),
     ("dinov2-core", 56_147_150)],
)  # fmt: skip
def test_rows_are_the_published_ones(own: Settings, name: str, rows: int) -> None:
    record = catalogue(own)[name]
    assert record.rows == rows
    assert record.transposed is name.endswith("-core")


def test_a_file_of_the_user_adds_and_replaces(tmp_path: Path, own: Settings) -> None:
    path = tmp_path / "own.toml"
    path.write_text(OWN + OWN.replace('"mine"', '"siglip-249k"'))
    records = catalogue(replace(own, catalogs=(path,)))
    mine = records["mine"]
    assert mine.homes == (Home(hub="modelscope.cn", repo="me/tiles", kind="dataset"),)
    assert mine.files == (SetFile(name="part/*.parquet"), SetFile(name="more.parquet", size=5))
    assert mine.columns == {"embedding": "vec"}
    assert mine.examples == (("Sand", {"text": "sand"}),)
    assert records["siglip-249k"].title == "My tiles"
    as_json = tmp_path / "own.json"
    plain = {"name": "mine", "title": "Other", "homes": [{"hub": "huggingface", "repo": "a/b"}]}
    as_json.write_text(json.dumps({"sets": [plain]}))
    assert catalogue(replace(own, catalogs=(path, as_json)))["mine"].title == "Other"


def test_without_homes_files_are_paths_and_addresses(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    files = 'files = ["part.parquet", "https://a.org/x.parquet"]'
    path.write_text(f'[[sets]]\nname = "mine"\ntitle = "x"\n{files}\n')
    (record,) = read_catalog(path)
    assert [file.name for file in record.files] == [
        str(tmp_path / "part.parquet"),
        "https://a.org/x.parquet",
    ]


@pytest.mark.parametrize(
    ("change", "said", "hint"),
    [
        (("name =", "nam ="), r"set 1 has an unknown field `nam`", "Did you mean `name`"),
        (('title = "My tiles"', ""), r"set 1 \(mine\) lacks `title`", ""),
        (("rows = 12", 'rows = "12"'), r"has '12' as `rows`, where a whole number belongs", ""),
        (("rows = 12", "rows = -1"), "has -1 as `rows`", ""),
        (("rows = 12", "rows = true"), "True as `rows`", ""),
        (('"mine"', '"My Set"'), "is called 'My Set'", ""),
        (('"mine"', '"mine.parquet"'), "is called 'mine.parquet'", ""),
        (("modelscope.cn", "gitlab"), "hubs are huggingface, modelscope.cn, modelscope.ai", ""),
        (("me/tiles", "tiles"), "'tiles', which is not owner/name", ""),
        (("part/*.parquet", "../x.parquet"), "not a path in a repository", ""),
        (("embedding =", "vectors ="), "maps 'vectors' in `columns`; roles are embedding", ""),
        (("size = 5", 'sha256 = "abc"'), "64 digits", ""),
        (('["Sand", { text = "sand" }]', '"Sand"'), "where a list belongs", ""),
        (('licence = "CC-BY-4.0"', 'dtype = "int4"'), "'int4' as `dtype`", ""),
        (("[[sets]]", "[[set]]"), "lists no sets", "[[sets]]"),
        (("rows = 12", "rows = = 12"), "is not TOML", ""),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    tmp_path: Path, change: tuple[str, str], said: str, hint: str
) -> None:
    path = tmp_path / "own.toml"
    assert change[0] in OWN
    path.write_text(OWN.replace(*change, 1))
    with pytest.raises(BadCatalogError, match=said) as told:
        read_catalog(path)
    assert str(path) in str(told.value)
    assert hint in told.value.hint


def test_two_of_one_name_and_no_file_are_told(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    with pytest.raises(BadCatalogError, match="cannot be read"):
        read_catalog(path)
    path.write_text(OWN + OWN)
    with pytest.raises(BadCatalogError, match="name 'mine' of another one"):
        read_catalog(path)
    with pytest.raises(BadCatalogError, match="no `homes`"):
        record_of({"name": "x", "title": "x"}, "here")


def test_a_plug_in_adds_records_and_a_broken_one_is_told(
    plug: Callable[..., None], own: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    home = Home(hub="huggingface", repo="a/b", kind="dataset")
    one = SetRecord(name="one", title="One", homes=(home,))
    plug(
        single=one,
        many=[replace(one, name="two"), replace(one, name="three")],
        made=lambda: replace(one, name="four"),
        broken=ZeroDivisionError("no luck"),
        thief=replace(one, name="siglip-249k"),
        strange=7,
        homeless=SetRecord(name="five", title="Five"),
    )
    with caplog.at_level(logging.WARNING, logger="eex"):
        records = catalogue(own)
    assert {"one", "two", "three", "four", "siglip-249k"} <= set(records)
    assert records["siglip-249k"].model == "siglip-so400m-14-384"
    told = "\n".join(caplog.messages)
    for said in ("'broken' are left out: no luck", "'thief' are", "'strange' are", "'homeless'"):
        assert said in told


def test_a_broken_file_of_the_environment_is_told_and_the_rest_goes_on(
    tmp_path: Path, own: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = tmp_path / "bad.toml", tmp_path / "good.toml"
    bad.write_text("[[sets]]\nname = 1\n")
    good.write_text(OWN)
    with caplog.at_level(logging.WARNING, logger="eex"):
        records = catalogue(replace(own, catalogs=(bad, tmp_path / "none.toml", good)))
    assert "mine" in records
    assert len(caplog.messages) == 2


def test_a_broken_file_on_the_command_line_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EEX_CACHE_DIR", str(tmp_path / "cache"))
    path = tmp_path / "own.toml"
    path.write_text(OWN)
    main(["sets", "--json", "--catalog", str(path)])
    listed = json.loads(capsys.readouterr().out)["sets"]
    (mine,) = [record for record in listed if record["name"] == "mine"]
    assert (mine["state"], mine["rows"], mine["licence"]) == ("absent", 12, "CC-BY-4.0")
    assert mine["homes"][0]["page"] == "https://modelscope.cn/datasets/me/tiles"
    path.write_text(OWN.replace("title", "tile"))
    for command in (["sets"], ["info", "mine"], ["search", "--set", "mine"], ["open", "mine"]):
        with pytest.raises(SystemExit) as done:
            main([*command, "--catalog", str(path)])
        assert done.value.code == 1
        assert "unknown field `tile`" in capsys.readouterr().err
    monkeypatch.setenv("EEX_CATALOG", str(path))
    main(["sets"])
    said = capsys.readouterr()
    assert "siglip-249k" in said.out


def test_the_catalogue_is_read_once_without_anything_heavy() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from pathlib import Path; from eex.config import Settings\n"
        "from eex.catalog.gather import catalogue\n"
        "assert catalogue(Settings(cache_dir=Path('x'), threads=1))\n"
        "print([m for m in ('torch', 'pandas', 'urllib3', 'shapely') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


MAJOR = "Major-TOM/Core-S2RGB-249k-SigLIP"


@pytest.mark.parametrize(
    ("text", "kind", "name", "hub"),
    [
        ("siglip-249k", "hub", "siglip-249k", None),
        (MAJOR, "hub", "siglip-249k", None),
        (MAJOR.lower(), "hub", "siglip-249k", None),
        (f"hf://datasets/{MAJOR}", "hub", "siglip-249k", "huggingface"),
        (f"modelscope:{MAJOR}", "hub", "siglip-249k", "modelscope.cn"),
        (f"modelscope.ai:{MAJOR}", "hub", "siglip-249k", "modelscope.ai"),
        (f"https://huggingface.co/datasets/{MAJOR}", "hub", "siglip-249k", "huggingface"),
        (f"https://modelscope.cn/datasets/{MAJOR}", "hub", "siglip-249k", "modelscope.cn"),
        ("Some/Other_Set", "hub", "other_set", None),
        ("hf://datasets/Some/Set@abc/a/b.parquet", "hub", "b", "huggingface"),
        ("Some/Set/a/b.parquet", "hub", "b", None),
        ("Some/Set@v1/a/B.PARQUET", "hub", "b", None),
        ("https://a.org/x/My%20Tiles.parquet?k=1", "url", "my-tiles", None),
        ("./some/Table.parquet", "path", "table", None),
        ("Table.PARQUET", "path", "table", None),
        ("/a/folder", "path", "folder", None),
        ("a/b/c", "path", "c", None),
    ],
)
def test_a_word_means_one_set(
    own: Settings, text: str, kind: str, name: str, hub: str | None
) -> None:
    target = target_of(text, catalogue(own))
    assert (target.kind, target.record.name, target.hub) == (kind, name, hub)
    assert target.known is (name == "siglip-249k")


def test_words_that_mean_nothing_are_told(own: Settings) -> None:
    records = catalogue(own)
    with pytest.raises(UnknownNameError) as told:
        target_of("siglip249k", records)
    assert "Did you mean 'siglip-249k'" in told.value.hint
    for text in ("ftp://a.org/x.parquet", "file:///etc/passwd", "https://me:pw@a.org/x.parquet"):
        with pytest.raises(BadQueryError, match="not an address"):
            target_of(text, records)
    with pytest.raises(BadQueryError, match="not the address of a data set") as wrong:
        target_of("hf://me/tiles", records)
    assert "hf://datasets/me/tiles" in wrong.value.hint
    with pytest.raises(BadQueryError, match="not a data set at a hub"):
        target_of("hf://datasets/x", records)


def test_a_folder_beside_does_not_take_a_name_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: Settings
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "siglip-249k").mkdir()
    (tmp_path / "me" / "tiles").mkdir(parents=True)

    def meant(text: str) -> Target:
        return target_of(text, catalogue(own))

    assert meant("siglip-249k").kind == "hub"
    assert meant("me/tiles").kind == "path"
    assert meant("me/other").kind == "hub"
    assert meant("me/other/a.parquet").kind == "path"  # what begins it lies here
    assert load.NAME.fullmatch("siglip-249k")


def test_the_file_of_the_guide_is_a_catalogue(tmp_path: Path) -> None:
    page = Path(__file__).parents[1] / "docs" / "guide" / "sets.md"
    text = page.read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
    path = tmp_path / "alps.toml"
    path.write_text(text, encoding="utf-8")
    (record,) = read_catalog(path)
    assert (record.name, record.columns) == ("alps", {"embedding": "vec"})


def test_the_table_of_the_guide_is_the_catalogue(own: Settings) -> None:
    page = Path(__file__).parents[1] / "docs" / "guide" / "sets.md"
    text = page.read_text(encoding="utf-8")
    for record in catalogue(own).values():
        lines = [line for line in text.splitlines() if line.startswith(f"| `{record.name}` |")]
        line = lines[0]
        if record.rows and "a name of" not in line:
            assert f"{record.rows:,}" in line
            assert not record.model or f"`{record.model}`" in line
