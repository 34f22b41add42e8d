"""One file, several hubs: which are asked, in what order, and who is told the token."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from eex.config import Settings
from eex.errors import AbsentError, ChangedError, RefusedAddressError, UnavailableError
from eex.remote import hubs
from eex.remote.client import RemoteClient, Timing
from eex.remote.hubs import candidates, hub_file, repository
from range_server import Fault, RangeServer, range_server

REPO = "Major-TOM/Core-S2L2A"
FILE = "images/part_00001.parquet"
AT_HF = f"https://huggingface.co/datasets/{REPO}/resolve/main/{FILE}"
AT_CN = f"https://modelscope.cn/datasets/{REPO}/resolve/master/{FILE}"
AT_AI = f"https://modelscope.ai/datasets/{REPO}/resolve/master/{FILE}"
QUICK = Timing(pause=0.005, longest_pause=0.01, read=1.0, connect=1.0, total=3.0, tries=2)
BODY = bytes(range(200))


def settings_of(**changes: object) -> Settings:
    return dataclasses.replace(Settings(cache_dir=Path(), threads=1), **changes)  # type: ignore[arg-type]


def urls(url: str, **changes: object) -> list[str]:
    return [one.url for one in candidates(url, settings_of(**changes))]


def test_the_hub_that_the_user_chose_is_asked_first() -> None:
    assert urls(AT_HF) == [AT_HF, AT_CN, AT_AI]
    assert urls(AT_HF, hub="modelscope.cn") == [AT_CN, AT_HF, AT_AI]
    assert urls(AT_CN) == [AT_HF, AT_CN, AT_AI]
    assert urls(AT_AI, hub="modelscope.ai") == [AT_AI, AT_HF, AT_CN]
    assert urls(AT_CN.replace("modelscope.cn", "www.modelscope.cn"))[0] == AT_HF


def test_an_address_as_the_pages_of_hubs_offer_it_is_the_same_file() -> None:
    assert urls(f"{AT_HF}?download=true") == [AT_HF, AT_CN, AT_AI]
    assert urls(f"{AT_HF}?download=true&to=1") == [f"{AT_HF}?download=true&to=1"]


def test_a_mirror_is_asked_in_place_of_hugging_face() -> None:
    mirror = f"https://mirror.example/hf/datasets/{REPO}/resolve/main/{FILE}"
    assert urls(AT_HF, hub_endpoint="https://mirror.example/hf")[0] == mirror
    assert urls(AT_HF, hub="https://mirror.example/hf")[0] == mirror
    assert urls(mirror, hub_endpoint="https://mirror.example/hf")[0] == mirror
    assert urls(mirror) == [mirror]  # nobody's mirror


def test_commits_and_tags_stay_what_they_are() -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    assert urls(AT_HF.replace("main", commit)) == [AT_HF.replace("main", commit)]
    assert AT_CN.replace("master", "v1") in urls(AT_HF.replace("main", "v1"))


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/datasets/a/b/resolve/main/x",
        "https://huggingface.co/a/b/resolve/main/x",
        "https://huggingface.co/datasets/a/b/blob/main/x",
        "https://huggingface.co.evil.example/datasets/a/b/resolve/main/x",
        "https://evil.example/huggingface.co/datasets/a/b/resolve/main/x",
        AT_HF + "?download=false",
        AT_HF + "/../../../../../../admin",
        AT_HF + "/%2e%2E/admin",
        AT_HF + "/..%2f..%5Cadmin",
        AT_HF + "/%252e%252e/admin",
        AT_HF + "/..;x/admin",
        AT_HF.replace(REPO, "../.."),
        AT_HF.replace("main", ".."),
        "file:///datasets/a/b/resolve/main/x",
        "nonsense",
    ],
)
def test_other_addresses_stand_for_themselves(url: str) -> None:
    assert urls(url, hub="modelscope.cn") == [url]
    assert hub_file(url, settings_of()) is None


def test_files_of_one_making_are_known_by_their_repository() -> None:
    settings = settings_of()
    assert repository(AT_HF, settings) == repository(AT_CN.replace("00001", "00002"), settings)
    assert repository("https://a.org/x/1.parquet", settings) == "https://a.org/x"


@pytest.fixture
def hub() -> Iterator[RangeServer]:
    with range_server() as running:
        running.put(f"/datasets/{REPO}/resolve/main/{FILE}", BODY)
        yield running


@pytest.fixture
def other(monkeypatch: pytest.MonkeyPatch) -> Iterator[RangeServer]:
    with range_server() as running:
        running.put(f"/datasets/{REPO}/resolve/master/{FILE}", BODY)
        monkeypatch.setattr(hubs, "MODELSCOPES", {"modelscope.cn": running.address})
        yield running


def a_client(hub: RangeServer, tmp_path: Path, **changes: object) -> RemoteClient:
    settings = settings_of(
        cache_dir=tmp_path,
        hub_endpoint=hub.address,
        hub_token="hf_secret",
        fetch_hosts=("127.0.0.1",),
        **changes,
    )
    return RemoteClient(settings, timing=QUICK)


@pytest.mark.parametrize("status", [404, 401, 500, 429])
def test_what_one_hub_does_not_give_another_does(
    hub: RangeServer, other: RangeServer, tmp_path: Path, status: int
) -> None:
    hub.fail("*", Fault("status", code=status), times=None)
    client = a_client(hub, tmp_path)
    assert client.ranges(AT_HF, [(5, 9)]) == [BODY[5:9]]
    before = hub.requests
    assert client.tail(AT_HF, 9)[0] == BODY[-9:]  # the one that failed is set aside
    assert hub.requests == before
    assert other.requests == 2
    client.close()


def test_another_hubs_name_for_the_same_content_is_no_change(
    hub: RangeServer, other: RangeServer, tmp_path: Path
) -> None:
    other.put(f"/datasets/{REPO}/resolve/master/{FILE}", BODY, etag='"another name"')
    client = a_client(hub, tmp_path)
    _, stamp = client.tail(AT_HF, 9)
    hub.fail("*", Fault("status", code=503), times=None)
    assert client.ranges(AT_HF, [(5, 9)], expect=stamp) == [BODY[5:9]]
    client.close()


def test_another_content_at_the_only_hub_that_answers_is_told_as_changed(
    hub: RangeServer, other: RangeServer, tmp_path: Path
) -> None:
    """What is known of the file can be read anew there; that the first fails cannot be helped."""
    client = a_client(hub, tmp_path)
    _, stamp = client.tail(AT_HF, 9)
    hub.fail("*", Fault("status", code=503), times=None)
    other.put(f"/datasets/{REPO}/resolve/master/{FILE}", BODY + b"more")
    with pytest.raises(ChangedError):
        client.ranges(AT_HF, [(5, 9)], expect=stamp)
    client.close()


def test_if_no_hub_gives_it_the_first_ones_reason_is_told(
    hub: RangeServer, other: RangeServer, tmp_path: Path
) -> None:
    other.fail("*", Fault("status", code=404), times=None)
    client = a_client(hub, tmp_path)
    hub.fail("*", Fault("status", code=500), times=None)
    with pytest.raises(UnavailableError, match="500"):
        client.ranges(AT_HF, [(5, 9)])
    hub.heal()
    hub.fail("*", Fault("status", code=404), times=None)
    with pytest.raises(AbsentError):
        client.ranges(AT_HF.replace("00001", "9"), [(5, 9)])
    client.close()


def test_the_token_goes_to_the_hub_and_nowhere_else(
    hub: RangeServer, other: RangeServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with range_server() as cdn:
        cdn.put("/signed", BODY)
        hub.fail("*", Fault("redirect", location=cdn.address + "/signed"))
        client = a_client(hub, tmp_path)
        assert client.ranges(AT_HF, [(5, 9)]) == [BODY[5:9]]
        assert hub.asked[0].headers["authorization"] == "Bearer hf_secret"
        assert "authorization" not in cdn.asked[0].headers
        client.ranges(cdn.address + "/signed", [(5, 9)])
        assert "authorization" not in cdn.asked[1].headers
        hub.fail("*", Fault("status", code=404), times=None)
        client.ranges(AT_HF, [(5, 9)])
        assert "authorization" not in other.asked[0].headers
    hub.put("/elsewhere", BODY)
    hub.heal()
    client.ranges(hub.address + "/elsewhere", [(5, 9)])  # of the hub, but of no data set
    assert "authorization" not in hub.asked[-1].headers
    assert "hf_secret" not in caplog.text
    assert "hf_secret" not in repr(candidates(AT_HF, client.settings))
    client.close()


def test_a_users_own_mirror_may_be_inside_but_does_not_open_other_doors(
    hub: RangeServer, tmp_path: Path
) -> None:
    settings = settings_of(cache_dir=tmp_path, hub_endpoint=hub.address)  # no fetch_hosts
    client = RemoteClient(settings, timing=QUICK)
    assert client.ranges(AT_HF, [(5, 9)]) == [BODY[5:9]]
    with range_server() as inside:
        inside.put("/x", BODY)
        with pytest.raises(RefusedAddressError):
            client.ranges(inside.address + "/x", [(5, 9)])
        hub.put("/admin", BODY)
        for path in ("/admin", f"/datasets/{REPO}/resolve/main/../../../../../admin"):
            with pytest.raises(RefusedAddressError):
                client.ranges(hub.address + path, [(5, 9)])
        assert hub.requests == 1
        assert inside.connections == 0
    client.close()
