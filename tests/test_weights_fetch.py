"""One file from a hub: resumed, verified, and one clear sentence for whatever goes wrong."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from eex.config import Settings
from eex.errors import BadQueryError, DownloadError, OutputError
from eex.weights import fetch, http, part
from eex.weights.answers import AbsentFileError
from eex.weights.fetch import fetch_file, forget_note
from eex.weights.hubs import MODELSCOPES, Origin, Source, origin_of, source_of
from eex.weights.part import Note, read_note
from eex.weights.records import Home
from loopback_hub import COMMIT, OTHER_COMMIT, Fault, Hub, closed_port, running_hub

CONTENT = np.random.default_rng(0).bytes(3_000_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
HOME = Home(hub="huggingface", repo="org/model")


pytestmark = pytest.mark.usefixtures("quick_hub")


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running_hub() as hub:
        hub.put("org/model", "model.bin", CONTENT)
        yield hub


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "model" / "model.bin"


def origin(hub: Hub, home: Home = HOME, name: str = "model.bin", token: str = "") -> Origin:
    settings = Settings(
        cache_dir=Path("unused"), threads=1, hub_endpoint=hub.address, hub_token=token
    )
    return origin_of(home, name, source_of("huggingface", settings), settings)


def left(target: Path) -> set[str]:
    return {path.name for path in target.parent.iterdir()} if target.parent.exists() else set()


def test_a_file_comes_whole_with_its_checksum_and_commit(hub: Hub, target: Path) -> None:
    seen: list[tuple[int, int]] = []
    note = fetch_file(origin(hub), target, progress=lambda *done: seen.append(done))
    assert target.read_bytes() == CONTENT
    assert (note.sha256, note.size, note.commit) == (SHA256, len(CONTENT), COMMIT)
    assert note.checked
    assert seen[0] == (0, len(CONTENT))
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert seen == sorted(seen)
    forget_note(target)
    assert left(target) == {"model.bin"}


def test_a_broken_connection_goes_on_where_it_stopped(hub: Hub, target: Path) -> None:
    hub.fail(Fault(cut=1_000_000), Fault(status=503), Fault(cut=500_000))
    fetch_file(origin(hub), target)
    assert target.read_bytes() == CONTENT
    starts = [r.removeprefix("bytes=").removesuffix("-") for r in hub.ranges_asked]
    assert starts[0] == ""
    assert 0 < int(starts[1]) == int(starts[2]) <= 1_000_000
    assert int(starts[2]) < int(starts[3]) <= 1_500_000


def test_a_later_call_goes_on_too_and_reports_what_was_there(hub: Hub, target: Path) -> None:
    hub.fail(*[Fault(cut=300_000)] + [Fault(status=500)] * 5)
    with pytest.raises(DownloadError, match=r"HTTP 500") as stopped:
        fetch_file(origin(hub), target)
    assert "goes on from there" in stopped.value.hint
    assert left(target) == {"model.bin.part", "model.bin.part.json"}
    hub.faults.clear()
    seen: list[tuple[int, int]] = []
    fetch_file(origin(hub), target, progress=lambda *done: seen.append(done))
    assert target.read_bytes() == CONTENT
    assert seen[0][0] > 100_000


@pytest.mark.parametrize("tells_sha256", [True, False])
def test_a_file_that_changed_meanwhile_starts_over(
    hub: Hub, target: Path, *, tells_sha256: bool
) -> None:
    hub.tells_sha256 = tells_sha256
    hub.fail(*[Fault(cut=1_000_000)] + [Fault(status=500)] * 5)
    with pytest.raises(DownloadError):
        fetch_file(origin(hub), target)
    hub.faults.clear()
    hub.put("org/model", "model.bin", CONTENT[::-1])
    note = fetch_file(origin(hub), target)
    assert target.read_bytes() == CONTENT[::-1]
    assert note.sha256 == hashlib.sha256(CONTENT[::-1]).hexdigest()


def test_a_server_that_ignores_if_range_is_seen_through(hub: Hub, target: Path) -> None:
    hub.tells_sha256 = hub.if_range = False
    hub.fail(*[Fault(cut=1_000_000)] + [Fault(status=500)] * 5)
    with pytest.raises(DownloadError):
        fetch_file(origin(hub), target)
    hub.faults.clear()
    hub.put("org/model", "model.bin", CONTENT[::-1])
    fetch_file(origin(hub), target)
    assert target.read_bytes() == CONTENT[::-1]


def test_without_any_mark_of_its_content_a_part_is_not_continued(hub: Hub, target: Path) -> None:
    hub.tells_sha256 = hub.etags = False
    hub.fail(Fault(cut=1_000_000))
    note = fetch_file(origin(hub), target)
    assert target.read_bytes() == CONTENT
    assert hub.ranges_asked == ["", ""]
    assert not note.checked


def test_a_server_without_ranges_sends_all_again(hub: Hub, target: Path) -> None:
    hub.ranges = False
    hub.fail(Fault(cut=1_000_000))
    fetch_file(origin(hub), target)
    assert target.read_bytes() == CONTENT


def test_a_part_with_a_wrong_bit_is_fetched_anew_once(hub: Hub, target: Path) -> None:
    hub.fail(Fault(cut=2_000_000, flip=True))
    fetch_file(origin(hub), target)
    assert target.read_bytes() == CONTENT
    assert len(hub.asked) == 3


def test_a_wrong_checksum_leaves_nothing(hub: Hub, target: Path) -> None:
    hub.fail(*[Fault(flip=True)] * 4)
    with pytest.raises(DownloadError, match=rf"SHA-256 is [0-9a-f]{{64}}, not {SHA256}"):
        fetch_file(origin(hub), target)
    assert left(target) == set()


def test_a_pinned_checksum_is_compared_before_anything_is_fetched(hub: Hub, target: Path) -> None:
    with pytest.raises(DownloadError, match="the hub has another one"):
        fetch_file(origin(hub), target, sha256="0" * 64)
    hub.tells_sha256 = False
    with pytest.raises(DownloadError, match=f"SHA-256 is {SHA256}, not {'0' * 64}"):
        fetch_file(origin(hub), target, sha256="0" * 64)
    with pytest.raises(DownloadError, match="3,000,000 bytes, not 7"):
        fetch_file(origin(hub), target, sha256=SHA256, size=7)
    assert left(target) == set()


def test_a_pinned_file_goes_on_from_another_hub(hub: Hub, target: Path) -> None:
    hub.fail(*[Fault(cut=1_000_000)] + [Fault(status=500)] * 5)
    with pytest.raises(DownloadError):
        fetch_file(origin(hub), target, sha256=SHA256)
    with running_hub() as mirror:
        mirror.tells_sha256 = mirror.etags = False
        mirror.put("org/model", "model.bin", CONTENT)
        fetch_file(origin(mirror), target, sha256=SHA256)
        assert mirror.ranges_asked[0].startswith("bytes=")
    assert target.read_bytes() == CONTENT


def test_a_whole_part_needs_no_hub(target: Path) -> None:
    with running_hub() as hub:
        gone = origin(hub)
    target.parent.mkdir()
    target.with_name("model.bin.part").write_bytes(CONTENT)
    note = {"url": gone.url, "sha256": SHA256, "size": len(CONTENT)}
    target.with_name("model.bin.part.json").write_text(json.dumps(note))
    assert fetch_file(gone, target, sha256=SHA256).checked
    assert target.read_bytes() == CONTENT


def test_a_part_as_long_as_the_file_is_verified(hub: Hub, target: Path) -> None:
    hub.fail(*[Fault(cut=1_000_000)] + [Fault(status=500)] * 5)
    with pytest.raises(DownloadError):
        fetch_file(origin(hub), target)
    hub.faults.clear()
    target.with_name("model.bin.part").write_bytes(CONTENT)
    fetch_file(origin(hub), target)
    assert target.read_bytes() == CONTENT
    assert len(hub.asked) == 1 + 3 + 1


def test_a_part_that_is_too_long_is_fetched_anew(hub: Hub, target: Path) -> None:
    hub.fail(*[Fault(cut=1_000_000)] + [Fault(status=500)] * 5)
    with pytest.raises(DownloadError):
        fetch_file(origin(hub), target)
    hub.faults.clear()
    target.with_name("model.bin.part").write_bytes(CONTENT + b"more")
    fetch_file(origin(hub), target)
    assert target.read_bytes() == CONTENT


def test_a_damaged_note_means_from_the_beginning(hub: Hub, target: Path) -> None:
    target.parent.mkdir()
    target.with_name("model.bin.part").write_bytes(b"something else")
    for note in ("{", "[]", '{"url": 3}', '{"etag": "a\\r\\nEvil: yes"}', '{"more": 1}'):
        target.with_name("model.bin.part.json").write_text(note)
        assert read_note(target) == Note()
    fetch_file(origin(hub), target)
    assert target.read_bytes() == CONTENT


def test_a_file_that_was_whole_when_its_process_ended_is_not_fetched_again(
    hub: Hub, target: Path
) -> None:
    fetch_file(origin(hub), target)
    assert fetch_file(origin(hub), target).sha256 == SHA256
    assert len(hub.asked) == 1
    target.write_bytes(CONTENT[::-1])
    fetch_file(origin(hub), target)
    assert target.read_bytes() == CONTENT


def test_an_empty_file_is_a_file(hub: Hub, target: Path) -> None:
    hub.put("org/model", "empty.txt", b"")
    assert fetch_file(origin(hub, name="empty.txt"), target).size == 0
    assert target.read_bytes() == b""


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(200, {"Content-Type": "text/html; charset=utf-8"}, b"<html>"), "perhaps to log in"),
        (Fault(200, {}, b"  <!DOCTYPE html><title>Hello</title>"), "sent a web page"),
        (Fault(200, {"Content-Type": "application/json"}, b'{"Code": 10}'), r'\{"Code": 10\}'),
        (Fault(200, {"Content-Type": "application/json"}, b"\x1b[2Jno"), r"message: \[2Jno"),
        (Fault(200, {}, b"version https://git-lfs.github.com/spec/v1\n"), "pointer of Git LFS"),
        (Fault(200, {"Content-Encoding": "gzip"}, b"abc"), "compressed"),
        (Fault(401, {}), "only to those who accepted its licence"),
        (Fault(403, {"X-Error-Code": "GatedRepo"}), "only to those who accepted its licence"),
        (Fault(401, {"X-Error-Code": "RepoNotFound"}), "no repository org/model, or does not show"),
        (Fault(404, {"X-Error-Code": "RevisionNotFound"}), "no revision main"),
        (Fault(404), "org/model at 127.0.0.1 has no file model.bin"),
        (Fault(418), "answered HTTP 418"),
        (Fault(429, {"Retry-After": "3600"}), "come back in 60 minutes"),
        (Fault(302, {"Location": "ftp://127.0.0.1/x"}), "no address"),
        (Fault(302, {}), "no address"),
        (Fault(302, {"Location": "http://a..b/x"}), "is no address"),
        (Fault(302, {"Location": "http://user:pass@127.0.0.1/"}), "no address"),
    ],
)
def test_each_refusal_is_one_sentence(hub: Hub, target: Path, fault: Fault, said: str) -> None:
    hub.fail(fault)
    with pytest.raises(DownloadError, match=said) as told:
        fetch_file(origin(hub), target)
    assert told.value.hint
    assert "\n" not in str(told.value)
    assert len(hub.asked) == 1
    assert not target.exists()


def test_gated_weights_say_where_to_accept_and_the_token_opens_them(hub: Hub, target: Path) -> None:
    hub.token = "hf_secret"
    with pytest.raises(DownloadError) as told:
        fetch_file(origin(hub), target)
    assert told.value.hint.startswith(f"Accept it at {hub.address}/org/model, then set HF_TOKEN")
    with pytest.raises(DownloadError, match="accepted its licence") as told:
        fetch_file(origin(hub, token="hf_other"), target)
    assert "with the account that HF_TOKEN belongs to" in told.value.hint
    fetch_file(origin(hub, token="hf_secret"), target)
    assert target.read_bytes() == CONTENT
    assert "hf_secret" not in target.with_name("model.bin.part.json").read_text()
    assert "hf_secret" not in repr(origin(hub, token="hf_secret"))


def test_the_token_goes_to_the_hub_only_and_checksums_come_from_it(hub: Hub, target: Path) -> None:
    hub.token = "hf_secret"
    with running_hub() as store:
        store.tells_sha256 = False
        store.files = dict(hub.files)
        hub.redirects_to = store.address
        store.fail(Fault(cut=1_000_000), Fault(status=403), Fault(status=404))
        note = fetch_file(origin(hub, token="hf_secret"), target)
        assert all("authorization" not in asked.headers for asked in store.asked)
        assert all(a.headers["authorization"] == "Bearer hf_secret" for a in hub.asked)
        assert len(store.asked) == 4
    assert (note.commit, note.checked) == (COMMIT, True)
    assert target.read_bytes() == CONTENT


def test_addresses_that_need_quoting_are_followed(hub: Hub, target: Path) -> None:
    hub.files["/a%20b/%C3%BC?x=%2F"] = CONTENT
    for location in ("/a b/\u00fc?x=%2F", "/a%20b/%C3%BC?x=%2F"):
        hub.fail(Fault(302, {"Location": location}))
        fetch_file(origin(hub), target)
        assert target.read_bytes() == CONTENT
        target.unlink()


def test_a_body_longer_than_the_file_is_not_taken(hub: Hub, target: Path) -> None:
    hub.tells_sha256 = False
    more = {"Content-Range": f"bytes 0-{len(CONTENT) - 1}/{len(CONTENT)}"}
    hub.fail(Fault(206, more, CONTENT + b"and more"))
    fetch_file(origin(hub), target)
    assert target.read_bytes() == CONTENT


def test_a_length_of_thousands_of_digits_is_none(hub: Hub, target: Path) -> None:
    hub.fail(Fault(206, {"Content-Range": f"bytes 0-1/{'9' * 5000}"}, b"xy"))
    fetch_file(origin(hub), target)
    assert target.read_bytes() == CONTENT


def test_a_file_whose_end_nobody_tells_is_not_taken(hub: Hub, target: Path) -> None:
    hub.tells_length = hub.tells_sha256 = False
    with pytest.raises(DownloadError, match=r"does not tell how long model\.bin is") as told:
        fetch_file(origin(hub), target)
    assert "--from" in told.value.hint
    assert not target.exists()
    hub.fail(Fault(206, {"Content-Range": f"bytes 0-{len(CONTENT) - 1}/*"}, CONTENT))
    with pytest.raises(DownloadError, match="does not tell how long"):
        fetch_file(origin(hub), target)
    assert fetch_file(origin(hub), target, sha256=SHA256).checked


def test_chunks_tell_their_end(hub: Hub, target: Path) -> None:
    hub.tells_sha256 = False
    coded = b"".join(b"5\r\nabcde\r\n" for _ in range(3))
    headers = {"Transfer-Encoding": "chunked"}
    hub.fail(Fault(200, headers, coded), Fault(200, headers, coded + b"0\r\n\r\n"))
    fetch_file(origin(hub), target)
    assert target.read_bytes() == b"abcde" * 3  # the first answer broke off


def test_room_is_looked_at_while_a_file_of_unknown_length_grows(
    hub: Hub, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.tells_length = False
    monkeypatch.setattr(part, "STEP", 2**20)
    monkeypatch.setattr(part, "SPARE_BYTES", 10**18)
    with pytest.raises(OutputError, match=r"The rest of model\.bin needs"):
        fetch_file(origin(hub), target, sha256=SHA256)
    assert not target.exists()
    assert 2**20 <= target.with_name("model.bin.part").stat().st_size < len(CONTENT)
    with pytest.raises(OutputError, match=r"model\.bin needs"):  # its size is known: at once
        fetch_file(origin(hub), target.with_name("b"), sha256=SHA256, size=len(CONTENT))
    assert not target.with_name("b.part").exists()


def test_no_more_than_the_known_size_is_taken_of_a_file_of_unknown_length(
    hub: Hub, target: Path
) -> None:
    hub.tells_length = hub.tells_sha256 = False
    with pytest.raises(DownloadError, match="more than the 1,000,000 bytes"):
        fetch_file(origin(hub), target, sha256=SHA256, size=1_000_000)
    assert left(target) == set()


@pytest.mark.parametrize(("seconds", "said"), [("7200", "in 120 minutes"), ("9" * 400, "a day")])
def test_long_pauses_are_told(hub: Hub, target: Path, seconds: str, said: str) -> None:
    hub.fail(Fault(503, {"Retry-After": seconds}))
    with pytest.raises(DownloadError, match=said):
        fetch_file(origin(hub), target)


def test_redirects_in_a_circle_end(hub: Hub, target: Path) -> None:
    hub.redirects_to = hub.address
    with pytest.raises(DownloadError, match="redirects in a circle"):
        fetch_file(origin(hub), target)
    assert len(hub.asked) == 10


def test_encryption_is_not_given_up_and_certificates_are_checked() -> None:
    with pytest.raises(DownloadError, match="without encryption"):
        http._next("https://hub.example/x", "http://hub.example/x")
    assert http._next("https://hub.example/x", "//cdn.example/y") == "https://cdn.example/y"
    fault = http._fault("hub.example", ssl.SSLCertVerificationError())
    assert isinstance(fault, DownloadError)
    assert "SSL_CERT_FILE" in fault.hint


def test_another_commit_than_the_pinned_one_is_refused(hub: Hub, target: Path) -> None:
    hub.put("org/model", "model.bin", CONTENT, revision=OTHER_COMMIT)
    pinned = Home(hub="huggingface", repo="org/model", revision=OTHER_COMMIT)
    with pytest.raises(DownloadError, match=f"answered with commit {COMMIT}"):
        fetch_file(origin(hub, pinned), target)
    hub.commit = OTHER_COMMIT
    assert fetch_file(origin(hub, pinned), target).commit == OTHER_COMMIT


def test_nothing_listening_is_told_at_once(target: Path) -> None:
    nobody = Hub()
    nobody.address = f"http://127.0.0.1:{closed_port()}"
    begun = time.monotonic()
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1 refuses connections") as told:
        fetch_file(origin(nobody), target)
    assert "connection" in told.value.hint
    assert time.monotonic() - begun < 5
    assert left(target) == set()


def test_a_disk_without_room_is_seen_before(
    hub: Hub, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part, "SPARE_BYTES", 10**18)
    with pytest.raises(OutputError, match=r"model\.bin needs 3\.0 MB in .* are free") as told:
        fetch_file(origin(hub), target)
    assert "EEX_MODELS_DIR" in told.value.hint


def test_faults_are_retried_with_the_pause_that_the_server_asks_for(
    hub: Hub, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(fetch.time, "sleep", slept.append)
    monkeypatch.setattr(fetch, "PAUSES", (1.0, 2.0, 4.0))
    hub.fail(Fault(429, {"Retry-After": "7"}), Fault(502), Fault(504))
    fetch_file(origin(hub), target)
    assert slept == [7.0, 2.0, 4.0]


def test_modelscope_lists_checksums_and_has_its_own_branch(hub: Hub, target: Path) -> None:
    settings = Settings(cache_dir=Path("unused"), threads=1)
    home = Home(hub="modelscope.cn", repo="org/model")
    real = origin_of(home, "a b.bin", source_of("modelscope.cn", settings), settings)
    assert real.url == "https://modelscope.cn/models/org/model/resolve/master/a%20b.bin"
    source = Source(name="modelscope.cn", layout="modelscope", endpoint=hub.address)
    asked = origin_of(home, "model.bin", source, settings)
    hub.put("models/org/model", "model.bin", CONTENT, revision="master")
    hub.tells_sha256 = False
    listing = "/api/v1/models/org/model/repo/files?Revision=master&Recursive=true"
    hub.listings[listing] = {"Data": {"Files": [{"Path": "model.bin", "Sha256": SHA256}]}}
    assert fetch_file(asked, target).checked
    hub.listings[listing]["Data"]["Files"][0]["Sha256"] = "0" * 64
    with pytest.raises(DownloadError, match="SHA-256"):
        fetch_file(asked, target.with_name("again.bin"))
    hub.listings[listing] = {"Code": 500}
    assert not fetch_file(asked, target.with_name("unlisted.bin")).checked


def test_addresses_of_every_hub() -> None:
    settings = Settings(cache_dir=Path("unused"), threads=1, hub_token="t")
    commit = Home(hub="huggingface", repo="org/model", revision=COMMIT)
    hub = origin_of(commit, "v1/m.pt", source_of("huggingface", settings), settings)
    assert hub.url == f"https://huggingface.co/org/model/resolve/{COMMIT}/v1/m.pt"
    assert hub.token == "t"
    mirror = origin_of(commit, "m.pt", source_of("https://hub.example/x/", settings), settings)
    assert mirror.url == f"https://hub.example/x/org/model/resolve/{COMMIT}/m.pt"
    assert mirror.token == ""
    ai = Home(hub="modelscope.ai", repo="org/model")
    address = origin_of(ai, "m.pt", source_of("modelscope.ai", settings), settings)
    assert address.url == f"{MODELSCOPES['modelscope.ai']}/models/org/model/resolve/master/m.pt"


@pytest.mark.parametrize(
    "text",
    ["hugginface", "ftp://a.b", "https://", "https://a b", "http://u:p@a.b", "https://a:x", ""],
)
def test_what_is_no_source_is_refused(text: str) -> None:
    with pytest.raises(BadQueryError) as told:
        source_of(text, Settings(cache_dir=Path("unused"), threads=1))
    assert told.value.hint


def test_an_absent_file_is_an_error_of_its_own(hub: Hub, target: Path) -> None:
    with pytest.raises(AbsentFileError):
        fetch_file(origin(hub, name="other.bin"), target)


FETCHING = """
import sys
from pathlib import Path
from eex.config import Settings
from eex.weights.fetch import fetch_file
from eex.weights.hubs import origin_of, source_of
from eex.weights.records import Home
settings = Settings(cache_dir=Path("unused"), threads=1, hub_endpoint=sys.argv[1])
home = Home(hub="huggingface", repo="org/model")
origin = origin_of(home, "model.bin", source_of("huggingface", settings), settings)
fetch_file(origin, Path(sys.argv[2]))
"""


def test_a_killed_process_leaves_a_part_that_the_next_goes_on_with(hub: Hub, target: Path) -> None:
    hub.pause = 0.02
    command = [sys.executable, "-c", FETCHING, hub.address, str(target)]
    started = target.with_name("model.bin.part")
    kills = 0
    while not target.exists() and kills < 12:
        before = started.stat().st_size if started.exists() else 0
        with subprocess.Popen(command, env={**os.environ, "PYTHONWARNINGS": "error"}) as process:
            while process.poll() is None:
                if started.exists() and started.stat().st_size > before + 400_000:
                    process.send_signal(signal.SIGKILL)
                    kills += 1
                    break
                time.sleep(0.005)
        assert left(target) <= {"model.bin", "model.bin.part", "model.bin.part.json"}
    assert kills >= 3
    assert target.read_bytes() == CONTENT
    starts = [int(r.removeprefix("bytes=").removesuffix("-") or 0) for r in hub.ranges_asked]
    assert starts == sorted(starts)
    assert starts[-1] > 1_000_000
