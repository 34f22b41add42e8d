"""Promises of `eex.remote.client`, kept over real sockets."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from eex.config import Settings
from eex.errors import (
    AbsentError,
    BadAnswerError,
    BadQueryError,
    ChangedError,
    EexError,
    NoRangesError,
    OfflineError,
    RefusedAddressError,
    StoppedError,
    TooMuchError,
    UnavailableError,
)
from eex.remote.addresses import Policy
from eex.remote.client import RemoteClient, Stamp, Timing
from range_server import Fault, RangeServer, range_server

QUICK = Timing(pause=0.01, longest_pause=0.05, read=0.3, connect=1.0, total=3.0, longest_wait=0.5)
CONTENT = bytes(range(256)) * 4096  # 1 MiB, every place recognisable
CONTENT = b"".join(i.to_bytes(4, "big") for i in range(2**18))
LARGE = CONTENT * 6
PATH = "/files/a.bin"


@pytest.fixture
def server() -> Iterator[RangeServer]:
    with range_server() as running:
        running.put(PATH, CONTENT)
        running.put("/large.bin", LARGE)
        yield running


@pytest.fixture
def client(tmp_path: Path) -> Iterator[RemoteClient]:
    made = RemoteClient(
        Settings(cache_dir=tmp_path, threads=1), policy=Policy(hosts=("127.0.0.1",)), timing=QUICK
    )
    yield made
    made.close()


def test_spans_come_in_the_order_asked_and_near_ones_in_one_request(
    server: RangeServer, client: RemoteClient
) -> None:
    url = server.address + PATH
    spans = [(500_000, 500_100), (10, 20), (0, 0), (15, 40), (900_000, 900_001)]
    assert client.ranges(url, spans) == [CONTENT[a:b] for a, b in spans]
    assert sorted(a.headers["range"] for a in server.asked) == [
        "bytes=10-39",
        "bytes=500000-500099",
        "bytes=900000-900000",
    ]
    assert client.counted().requests == 3
    assert client.counted().bytes == server.body_bytes == 131


def test_the_end_comes_with_the_files_length_in_one_request(
    server: RangeServer, client: RemoteClient
) -> None:
    tail, stamp = client.tail(server.address + PATH, 1000)
    assert tail == CONTENT[-1000:]
    assert stamp.size == len(CONTENT)
    assert stamp.etag
    assert server.requests == 1
    assert client.tail(server.address + PATH, 2**21)[0] == CONTENT  # shorter than asked


def test_connections_are_kept(server: RangeServer, client: RemoteClient) -> None:
    for low in range(0, 100_000, 10_000):
        client.ranges(server.address + PATH, [(low, low + 10)])
    assert server.requests == 10
    assert server.connections == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", code=429),
        Fault("status", code=429, headers={"Retry-After": "0"}),
        Fault("status", code=500, body=b"oh"),
        Fault("status", code=503),
        Fault("truncated", at=3000),
        Fault("stalled", at=3000),
        Fault("reset"),
        Fault("garbage"),
        Fault("short", at=1000),
        Fault("chunked"),
        Fault("unknown"),
    ],
    ids=lambda f: f"{f.kind}{f.code or ''}",
)
def test_faults_that_pass_are_got_over(
    server: RangeServer, client: RemoteClient, fault: Fault
) -> None:
    _, stamp = client.tail(server.address + PATH, 10)
    server.fail(PATH, fault, times=2)
    (got,) = client.ranges(server.address + PATH, [(5000, 9000)], expect=stamp)
    assert got == CONTENT[5000:9000]


def test_a_truncated_body_is_resumed_not_restarted(
    server: RangeServer, client: RemoteClient
) -> None:
    server.fail(PATH, Fault("truncated", at=3000))
    client.ranges(server.address + PATH, [(0, 5000)])
    assert [a.headers["range"] for a in server.asked] == ["bytes=0-4999", "bytes=3000-4999"]
    assert client.counted().bytes == 5000


def test_a_truncated_end_is_resumed(server: RangeServer, client: RemoteClient) -> None:
    server.fail(PATH, Fault("truncated", at=3000))
    assert client.tail(server.address + PATH, 5000)[0] == CONTENT[-5000:]
    assert client.counted().bytes == 5000


def test_faults_that_stay_are_told_after_a_few_tries(
    server: RangeServer, client: RemoteClient
) -> None:
    server.fail(PATH, Fault("status", code=500), times=None)
    with pytest.raises(UnavailableError, match="HTTP 500") as caught:
        client.ranges(server.address + PATH, [(0, 10)])
    assert caught.value.hint
    assert server.requests == QUICK.tries


def test_retry_after_is_honoured_by_all_threads(server: RangeServer, client: RemoteClient) -> None:
    server.fail(PATH, Fault("status", code=429, headers={"Retry-After": "0.3"}), times=1)
    server.fail(PATH, Fault("status", code=429, headers={"Retry-After": "1"}), times=1)
    with pytest.raises(UnavailableError, match="come back in 1 seconds"):  # limit is 0.5 s
        client.ranges(server.address + PATH, [(0, 10)])


def test_a_busy_host_is_left_alone_for_as_long_as_it_asks(
    server: RangeServer, tmp_path: Path
) -> None:
    patient = Timing(pause=0.01, longest_pause=0.05, read=1.0, total=9.0, longest_wait=5.0)
    settings = Settings(cache_dir=tmp_path, threads=1, fetch_hosts=("127.0.0.1",))
    client = RemoteClient(settings, timing=patient)
    server.fail(PATH, Fault("status", code=429, headers={"Retry-After": "1"}))
    first = threading.Thread(target=client.ranges, args=(server.address + PATH, [(0, 10)]))
    begun = time.monotonic()
    first.start()
    while server.requests < 1:
        time.sleep(0.005)
    time.sleep(0.05)
    client.ranges(server.address + PATH, [(50, 60)])  # of another thread: waits as well
    assert time.monotonic() - begun > 0.95
    first.join()
    client.close()


def test_a_server_that_ignores_ranges_is_taken_only_if_the_file_is_small(
    server: RangeServer, client: RemoteClient
) -> None:
    server.fail("*", Fault("whole"), times=None)
    assert client.ranges(server.address + PATH, [(70, 90)]) == [CONTENT[70:90]]
    assert client.tail(server.address + PATH, 20)[0] == CONTENT[-20:]
    before = client.counted().bytes
    with pytest.raises(NoRangesError, match="whole files only"):
        client.ranges(server.address + "/large.bin", [(70, 90)])
    assert client.counted().bytes == before


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("page"), "web page"),
        (Fault("wrong_range"), "were asked for"),
        (Fault("no_range"), "without saying which"),
        (Fault("multipart"), "several parts"),
        (Fault("encoded"), "compressed"),
        (Fault("long"), "more bytes"),
        (Fault("status", code=416), "no such bytes"),
        (Fault("status", code=418), "HTTP 418"),
        (Fault("redirect", location="file:///etc/passwd"), "only http"),
        (Fault("redirect", location=""), "no address"),
        (Fault("redirect", location="http://10.0.0.1/x"), "not a public address"),
        (Fault("redirect", location="http://169.254.169.254/latest"), "not a public address"),
        (Fault("redirect", location="http://[::1]:80/"), "not a public address"),
        (Fault("redirect", location="http://localhost/"), "inside a network"),
        (Fault("redirect", location="{path}"), "in a circle"),
    ],
    ids=lambda v: v if isinstance(v, str) else v.kind,
)
def test_what_is_not_the_part_asked_for_is_refused(
    server: RangeServer, client: RemoteClient, fault: Fault, words: str
) -> None:
    server.fail(PATH, fault, times=None)
    with pytest.raises((BadAnswerError, RefusedAddressError), match=words):
        client.ranges(server.address + PATH, [(100, 200)])


def test_what_is_not_there_is_told_at_once(server: RangeServer, client: RemoteClient) -> None:
    with pytest.raises(AbsentError, match="no such file"):
        client.ranges(server.address + "/nothing", [(0, 1)])
    server.fail(PATH, Fault("status", code=401))
    with pytest.raises(AbsentError, match="401") as caught:
        client.ranges(server.address + PATH, [(0, 1)])
    assert "anybody may read" in caught.value.hint
    assert "HF_TOKEN" not in caught.value.hint  # it is sent to hubs only
    assert server.requests == 2


HUB_FILE = "/datasets/me/tiles/resolve/main/images/a.parquet"


@pytest.mark.parametrize(
    ("fault", "error", "hint"),
    [
        (Fault("status", code=404), AbsentError, "Check the address."),
        (Fault("status", code=500), UnavailableError, "Check the connection."),
        (Fault("status", code=418), BadAnswerError, "Give another address of the file"),
        (Fault("no_range"), BadAnswerError, "Give another address of the file"),
        (Fault("wrong_range"), BadAnswerError, "Give another address of the file"),
        (Fault("encoded"), BadAnswerError, "Give another address of the file"),
    ],
)
def test_another_hub_is_named_for_files_of_hubs_only(
    fault: Fault,
    error: type[EexError],
    hint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("eex.remote.hubs.MODELSCOPES", {})  # which are far away
    policy, hints = Policy(hosts=("127.0.0.1",)), {}
    with range_server() as server, ExitStack() as ended:
        settings = Settings(cache_dir=tmp_path, threads=1, hub_endpoint=server.address)
        client = RemoteClient(settings, policy=policy, timing=QUICK)
        ended.callback(client.close)
        server.put(PATH, CONTENT)
        server.put(HUB_FILE, CONTENT)
        server.fail("*", fault, times=None)
        for path in (PATH, HUB_FILE):
            with pytest.raises(error) as caught:
                client.ranges(server.address + path, [(10, 20)])
            hints[path] = caught.value.hint
    assert hints[PATH].startswith(hint)
    assert "EEX_HUB" not in hints[PATH]
    assert hints[HUB_FILE] == f"{hints[PATH]} Or try another hub (EEX_HUB)."


def test_redirects_are_followed_to_hosts_that_are_allowed(
    server: RangeServer, client: RemoteClient
) -> None:
    with range_server() as other:
        other.put(PATH, CONTENT)
        server.fail(PATH, Fault("redirect", location=other.address + "{path}"), times=None)
        assert client.ranges(server.address + PATH, [(7, 70)]) == [CONTENT[7:70]]
        assert (server.requests, other.requests) == (1, 1)
        client.ranges(server.address + PATH, [(7, 70)])
        assert server.connections == other.connections == 1


@pytest.mark.parametrize(("hops", "followed"), [(6, True), (7, False)])
def test_six_redirects_are_followed(
    server: RangeServer, client: RemoteClient, hops: int, *, followed: bool
) -> None:
    for hop in range(hops):
        server.fail(f"/{hop}", Fault("redirect", location=f"/{hop + 1}"), times=None)
    server.put(f"/{hops}", CONTENT)
    if followed:
        assert client.ranges(server.address + "/0", [(7, 70)]) == [CONTENT[7:70]]
        return
    with pytest.raises(BadAnswerError, match="in a circle"):
        client.ranges(server.address + "/0", [(7, 70)])
    assert server.requests == 7


def test_a_signed_address_that_expired_is_asked_for_anew(
    server: RangeServer, client: RemoteClient
) -> None:
    server.put("/signed", CONTENT)
    server.fail(PATH, Fault("redirect", location="/signed"), times=None)
    server.fail("/signed", Fault("status", code=403))
    assert client.ranges(server.address + PATH, [(7, 70)]) == [CONTENT[7:70]]
    assert server.requests == 4


def test_a_redirect_to_a_port_that_is_not_allowed_is_refused(
    server: RangeServer, tmp_path: Path
) -> None:
    settings = Settings(cache_dir=tmp_path, threads=1, fetch_hosts=(f"127.0.0.1:{server.port}",))
    client = RemoteClient(settings, timing=QUICK)
    assert client.ranges(server.address + PATH, [(0, 4)]) == [CONTENT[:4]]
    with range_server() as other:
        other.put(PATH, CONTENT)
        server.fail(PATH, Fault("redirect", location=other.address + PATH))
        with pytest.raises(RefusedAddressError):
            client.ranges(server.address + PATH, [(0, 4)])
        assert other.requests == other.connections == 0
    client.close()


def test_a_changed_file_is_told(server: RangeServer, client: RemoteClient) -> None:
    url = server.address + PATH
    _, stamp = client.tail(url, 4)
    server.put(PATH, CONTENT[::-1])  # as long, another ETag
    with pytest.raises(ChangedError) as caught:
        client.ranges(url, [(0, 4)], expect=stamp)
    assert caught.value.hint
    server.put(PATH, CONTENT + b"1")
    with pytest.raises(ChangedError):
        client.ranges(url, [(0, 4)], expect=Stamp(size=len(CONTENT)))


def test_a_file_that_became_shorter_is_told_as_changed(
    server: RangeServer, client: RemoteClient
) -> None:
    _, stamp = client.tail(server.address + PATH, 4)
    server.put(PATH, CONTENT[:1000])
    with pytest.raises(ChangedError):
        client.ranges(server.address + PATH, [(2000, 3000)], expect=stamp)


def test_a_file_that_changes_between_two_parts_is_told(
    server: RangeServer, client: RemoteClient
) -> None:
    server.fail(PATH, Fault("etag", location='"other"'))
    with pytest.raises(ChangedError):
        client.ranges(server.address + PATH, [(0, 4), (500_000, 500_004)])


def test_a_file_that_changes_while_it_is_resumed_is_told(
    server: RangeServer, client: RemoteClient
) -> None:
    server.fail(PATH, Fault("truncated", at=100))
    server.fail(PATH, Fault("etag", location='"other"'))
    with pytest.raises(ChangedError):
        client.ranges(server.address + PATH, [(0, 400)])


def test_limits_are_kept_before_anything_is_asked(
    server: RangeServer, client: RemoteClient
) -> None:
    with pytest.raises(TooMuchError, match="1,000"):
        client.ranges(server.address + PATH, [(0, 1001)], limit=1000)
    with pytest.raises(TooMuchError):
        client.tail(server.address + PATH, 2**40)
    with pytest.raises(BadAnswerError, match="has only"):
        client.ranges(server.address + PATH, [(0, 11)], expect=Stamp(size=10))
    with pytest.raises(BadQueryError):
        client.ranges(server.address + PATH, [(5, 4)])
    assert client.ranges(server.address + PATH, [(5, 5)]) == [b""]
    assert server.requests == 0
    with pytest.raises(BadAnswerError, match="has only"):
        client.ranges(server.address + PATH, [(2**20 - 5, 2**20 + 5)])


def test_offline_means_offline(server: RangeServer, tmp_path: Path) -> None:
    settings = Settings(cache_dir=tmp_path, threads=1, offline=True, fetch_hosts=("127.0.0.1",))
    client = RemoteClient(settings)
    for call in (
        lambda: client.tail(server.address + PATH, 4),
        lambda: client.ranges(server.address + PATH, [(0, 4)]),
    ):
        with pytest.raises(OfflineError, match="HF_HUB_OFFLINE"):
            call()
    assert server.connections == 0


def test_at_most_eight_at_once(server: RangeServer, client: RemoteClient) -> None:
    server.fail(PATH, Fault("stalled", at=0, seconds=0.05), times=16)
    spans = [(i * 40_000, i * 40_000 + 4) for i in range(0, 24, 4)]
    pieces = [(low, low + 150_000) for low, _ in spans]
    threads = [
        threading.Thread(target=client.ranges, args=(server.address + PATH, [piece]))
        for piece in pieces * 4
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 2 <= server.most_at_once <= 8


def test_many_spans_are_asked_for_side_by_side(server: RangeServer, client: RemoteClient) -> None:
    server.put("/wide", LARGE)
    spans = [(i * 400_000, i * 400_000 + 100) for i in range(12)]
    server.fail("/wide", Fault("stalled", at=0, seconds=0.1), times=6)
    assert client.ranges(server.address + "/wide", spans) == [LARGE[a:b] for a, b in spans]
    assert server.most_at_once >= 4


def test_a_caller_can_stop_and_has_a_deadline(server: RangeServer, client: RemoteClient) -> None:
    server.fail(PATH, Fault("status", code=503), times=None)
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoppedError, match="as asked"):
        client.ranges(server.address + PATH, [(0, 4)], stop=stop)
    assert server.requests == 0
    with pytest.raises(StoppedError, match="time"):
        client.ranges(server.address + PATH, [(0, 4)], deadline=time.monotonic() + 0.02)


def test_a_server_that_drips_is_given_up(server: RangeServer, tmp_path: Path) -> None:
    timing = Timing(pause=0.01, read=0.3, total=0.6, tries=2)
    settings = Settings(cache_dir=tmp_path, threads=1, fetch_hosts=("127.0.0.1",))
    client = RemoteClient(settings, timing=timing)
    server.fail(PATH, Fault("drip", seconds=0.01), times=None)
    begun = time.monotonic()
    with pytest.raises(UnavailableError):
        client.ranges(server.address + PATH, [(0, 4)])
    assert time.monotonic() - begun < 5  # 60,000 bytes would take ten minutes
    client.close()


def test_a_port_that_nobody_listens_on_is_told(client: RemoteClient) -> None:
    from loopback_hub import closed_port

    with pytest.raises(UnavailableError):
        client.ranges(f"http://127.0.0.1:{closed_port()}/x", [(0, 4)])
