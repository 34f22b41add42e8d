from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import pytest

from eex.server.app import STATIC

pytest.importorskip("hatchling", reason="hatchling is not installed")

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import hatch_build  # noqa: E402


def test_the_whole_page_is_under_its_size_budget() -> None:
    if not (STATIC / "index.html").is_file():
        pytest.skip("the web page is not built")
    code = [path for path in (STATIC / "assets").iterdir() if path.suffix in {".js", ".css"}]
    sizes = {path.name: len(gzip.compress(path.read_bytes(), 6)) for path in code}
    budget = json.loads((ROOT / "web" / "budget.json").read_text(encoding="utf-8"))
    assert 0 < sum(sizes.values()) < budget["all"]["gzip"], sizes


def test_the_lock_file_names_no_host_to_download_from() -> None:
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text(encoding="utf-8"))
    assert [name for name, entry in lock["packages"].items() if "resolved" in entry] == []


def test_the_digest_follows_sources_and_nothing_that_the_build_makes(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.ts").write_text("one")
    first = hatch_build.digest(tmp_path)
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "thing.js").write_text("made")
    assert hatch_build.digest(tmp_path) == first
    (tmp_path / "src" / "main.ts").write_text("two")
    assert hatch_build.digest(tmp_path) != first


def test_a_failing_npm_is_told_with_its_last_words_and_the_way_around(tmp_path: Path) -> None:
    npm = [sys.executable, "-c", "print('tsc: no such type'); raise SystemExit(2)"]
    with pytest.raises(RuntimeError, match="no such type") as caught:
        hatch_build.run_npm(npm, ["run", "build"], web=tmp_path, env={})
    assert "EEX_SKIP_WEB=1" in str(caught.value)


def test_a_new_page_takes_the_place_of_the_old_one_whole(tmp_path: Path) -> None:
    old, new = tmp_path / "static", tmp_path / ".static-new"
    old.mkdir()
    (old / "stale.js").write_text("old")
    new.mkdir()
    (new / "index.html").write_text("new")
    hatch_build.replace_folder(new, old)
    assert [path.name for path in tmp_path.iterdir()] == ["static"]
    assert [path.name for path in old.iterdir()] == ["index.html"]
