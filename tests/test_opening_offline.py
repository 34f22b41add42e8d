"""What happens when nobody answers: kept files are used, and messages say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eex.catalog.opened import map_open
from eex.catalog.opening import open_named_set
from eex.catalog.selection import selection_of
from eex.catalog.wish import Wish
from eex.config import Settings
from eex.errors import DownloadError
from eex.weights import fetch, hubs, listing
from loopback_hub import Fault, Hub, closed_port, running_hub
from published import at, parquet, table, vectors

TABLE = table(300)
REPO = "Org/Tiles"
NOBODY = f"http://127.0.0.1:{closed_port()}"


@pytest.fixture
def hub(quick_hub: None) -> Iterator[Hub]:  # noqa: ARG001
    with running_hub() as hub:
        hub.put_dataset(REPO, {"tiles.parquet": parquet(TABLE), "README.md": b"# Tiles"})
        yield hub


@pytest.fixture
def own(hub: Hub, tmp_path: Path) -> Settings:
    return at(hub, tmp_path)


def test_a_hub_that_is_down_leaves_what_was_kept(
    hub: Hub, own: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    first = open_named_set(REPO, own)
    asked = len(hub.asked)
    down = replace(own, hub_endpoint=NOBODY)
    wish = Wish(selection=selection_of(rows="5:9"))
    some = map_open(open_named_set(REPO, down, name="some", wish=wish))
    np.testing.assert_array_equal(some.vectors, vectors(TABLE)[5:9])
    assert "refuses connections" in caplog.text
    assert "what was fetched before is used" in caplog.text
    caplog.clear()
    again = open_named_set(REPO, down, refresh=True)
    assert again.opened.key == first.opened.key
    assert "cannot be told whether tiles has changed" in caplog.text
    caplog.clear()
    open_named_set(REPO, replace(own, offline=True), refresh=True)
    assert "HF_HUB_OFFLINE forbids asking for something newer" in caplog.text
    assert len(hub.asked) == asked


def test_nobody_there_is_told_once_with_the_set_and_what_to_do(
    own: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in hubs.MODELSCOPES:
        monkeypatch.setitem(hubs.MODELSCOPES, name, NOBODY)  # type: ignore[index]
    monkeypatch.setattr(fetch, "PAUSES", (60.0,))  # a second try would be noticed
    with pytest.raises(DownloadError) as told:
        open_named_set("farslip-249k", replace(own, hub_endpoint=NOBODY))
    assert str(told.value) == "farslip-249k cannot be fetched: 127.0.0.1 refuses connections."
    assert "--from PATH" in told.value.hint
    assert "without network" in told.value.hint
    assert "trying again" not in caplog.text
    assert "modelscope.cn: 127.0.0.1 refuses connections" in caplog.text


def test_a_hub_that_does_not_answer_is_asked_once(
    hub: Hub, own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "TIMEOUT", 0.2)
    monkeypatch.setattr(fetch, "PAUSES", (60.0,))
    hub.silent = True
    with pytest.raises(DownloadError, match=r"did not answer within 0\.2 seconds"):
        open_named_set(REPO, own)
    assert len(hub.asked) == 1


def test_what_breaks_later_names_the_set_too(hub: Hub, own: Settings) -> None:
    hub.fail(None, None, *[Fault(status=500)] * 9)
    with pytest.raises(DownloadError, match=r"^mine: tiles\.parquet could not be") as told:
        open_named_set(REPO, own, name="mine")
    assert "kept" not in told.value.hint  # nothing has come
    hub.faults.clear()
    hub.fail(None, None, Fault(cut=2_000), *[Fault(status=500)] * 9)
    with pytest.raises(DownloadError) as told:
        open_named_set(REPO, own, name="mine")
    assert "What has come is kept" in told.value.hint


def test_a_file_and_a_revision_of_a_repository_are_words_for_a_set(hub: Hub, own: Settings) -> None:
    hub.put_dataset(REPO, {"a/one.parquet": parquet(TABLE), "a/two.parquet": parquet(table(20))})
    assert open_named_set(f"{REPO}/a/two.parquet", own).counts["rows"] == 20
    with pytest.raises(DownloadError) as told:
        open_named_set(f"{REPO}@nope", own)
    assert str(told.value) == "tiles: Org/Tiles at 127.0.0.1 has no revision nope."
    with pytest.raises(DownloadError, match="has no data set Org/Other"):
        open_named_set("Org/Other@nope", own)


def test_an_address_without_answer_hints_at_no_other_source(own: Settings) -> None:
    with pytest.raises(DownloadError, match="refuses connections") as told:
        open_named_set(f"{NOBODY}/tiles.parquet", own)
    assert told.value.hint == "Check the connection, or open a file of your own."


def test_a_path_that_nobody_has_is_told_as_what_it_may_be(own: Settings) -> None:
    with pytest.raises(DownloadError) as told:
        open_named_set("no/such/tiles.parquet", own)
    assert "There is no file no/such/tiles.parquet here either." in told.value.hint


def test_asking_an_address_anew_keeps_what_came_until_there_is_more(
    hub: Hub, own: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    path = f"/datasets/{REPO}/resolve/main/tiles.parquet"
    first = open_named_set(hub.address + path, own)
    hub.fail(*[Fault(status=500)] * 9)
    again = open_named_set(hub.address + path, own, refresh=True)
    assert again.opened.key == first.opened.key
    assert "what was fetched before is used" in caplog.text
    hub.faults.clear()
    hub.files[path] = parquet(table(20))
    assert open_named_set(hub.address + path, own, refresh=True).counts["rows"] == 20
    some = open_named_set(
        hub.address + path, replace(own, offline=True), name="half", wish=Wish(dtype="float16")
    )
    assert some.counts["rows"] == 20
