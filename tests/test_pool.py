"""The pool keeps what is used and loads each model once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eex.config import Settings
from eex.encoders import open as opening
from eex.encoders import pool as pooling
from eex.encoders.base import EncoderSpec, Variant
from eex.encoders.open import Encoder, encoder
from eex.encoders.pool import EncoderPool
from eex.errors import MissingWeightsError, UnknownNameError
from eex.testing import TOY, ToyEncoder
from eex.weights.records import WeightFile

MIB = 2**20


class Sized(ToyEncoder):
    """A toy that says it takes 10 MiB."""

    memory_bytes = 10 * MIB


class Loads:
    """Counts what is loaded, and how many at the same time."""

    def __init__(self, seconds: float = 0.0, fail: int = 0) -> None:
        self.names: list[str] = []
        self.at_once = self.most = 0
        self.seconds, self.fail = seconds, fail
        self.lock = threading.Lock()

    def __call__(self, name: str, *, variant: str, **_: Any) -> Encoder:
        with self.lock:
            self.names.append(name)
            self.at_once += 1
            self.most = max(self.most, self.at_once)
            failing = len(self.names) <= self.fail
        time.sleep(self.seconds)
        with self.lock:
            self.at_once -= 1
        if failing:
            message = "not here"
            raise MissingWeightsError(message)
        spec = _spec(name)
        size = 30 if name == "large" else 10
        toy = Sized()
        toy.memory_bytes = size * MIB
        return Encoder(spec, spec.variant(variant), toy)


def _spec(name: str) -> EncoderSpec:
    variants = (Variant(name="official", title=""), Variant(name="eee", title=""))
    files = (WeightFile(name="weights", size=10 * MIB),)
    return replace(TOY, name=name, variants=variants, files=files)


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    def spec(name: str, _weights: Any = None) -> EncoderSpec:
        if name == "unknown":
            message = "unknown"
            raise UnknownNameError(message)
        return _spec(name)

    monkeypatch.setattr(pooling, "encoder_spec", spec)
    monkeypatch.setattr(opening, "encoder_spec", spec)


def make(load: Loads, mib: int = 25) -> EncoderPool:
    settings = Settings(cache_dir=Path("none"), threads=1, model_memory=mib * MIB)
    return EncoderPool(settings, load=load)


def test_a_model_is_loaded_once_however_often_it_is_asked_for() -> None:
    load = Loads()
    pool = make(load)
    assert pool.get("a") is pool.get("a", variant="official")
    assert pool.get("a", variant="eee") is not pool.get("a")
    assert load.names == ["a", "a"]
    assert pool.memory_bytes == 20 * MIB


def test_two_names_of_one_device_share_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    load = Loads()
    pool = make(load)
    assert pool.get("a", device="auto") is pool.get("a", device="cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 1)
    assert pool.get("a", device="auto") is pool.get("a", device="cuda:1")
    assert load.names == ["a", "a"]


def test_the_least_recently_used_is_put_away_when_there_is_no_room() -> None:
    load = Loads()
    pool = make(load)
    for name in ("a", "b", "a", "c"):
        pool.get(name)
    assert pool.names == ("a", "c")
    assert pool.memory_bytes <= 25 * MIB
    pool.get("b")
    assert load.names == ["a", "b", "c", "b"]


def test_a_model_in_use_is_never_put_away() -> None:
    load = Loads()
    pool = make(load)
    with pool.using("a") as used:
        for name in ("b", "c", "d"):
            pool.get(name)
        assert "a" in pool.names
        assert pool.get("a") is used
    pool.get("e")
    pool.get("f")
    assert "a" not in pool.names


def test_a_block_may_end_in_another_thread() -> None:
    pool = make(Loads())
    block = pool.using("a")
    block.__enter__()
    other = threading.Thread(target=block.__exit__, args=(None, None, None))
    other.start()
    other.join()
    for name in ("b", "c"):
        pool.get(name)
    assert "a" not in pool.names


def test_a_model_larger_than_the_budget_is_loaded_alone() -> None:
    pool = make(Loads())
    pool.get("a")
    pool.get("large")
    assert pool.names == ("large",)
    pool.get("a")
    assert pool.names == ("a",)


def test_who_needs_room_waits_for_those_in_use() -> None:
    pool = make(Loads(), mib=10)
    order: list[str] = []
    started = threading.Event()

    def hold() -> None:
        with pool.using("a"):
            started.set()
            time.sleep(0.2)
            order.append("a was used")

    def want() -> None:
        assert started.wait(5)
        with pool.using("b"):
            order.append("b was used")

    with ThreadPoolExecutor(2) as threads:
        for job in [threads.submit(hold), threads.submit(want)]:
            job.result(timeout=10)
    assert order == ["a was used", "b was used"]
    assert pool.names == ("b",)


def test_a_thread_never_waits_for_itself() -> None:
    pool = make(Loads(), mib=10)
    with pool.using("a"), pool.using("b"), pool.using("a"):
        assert set(pool.names) == {"a", "b"}
    assert pool.get("c").spec.name == "c"
    assert pool.names == ("c",)


def test_one_load_for_each_model_while_others_wait_and_models_load_side_by_side() -> None:
    load = Loads(seconds=0.1)
    pool = make(load, mib=100)
    with ThreadPoolExecutor(12) as threads:
        loaded = list(threads.map(pool.get, ["a", "b", "c"] * 8))
    assert sorted(load.names) == ["a", "b", "c"]
    assert load.most == 3
    assert len({id(one) for one in loaded}) == 3


def test_a_failed_load_leaves_nothing_and_the_next_one_tries_again() -> None:
    load = Loads(seconds=0.05, fail=1)
    pool = make(load)
    with ThreadPoolExecutor(2) as threads:
        jobs = [threads.submit(pool.get, "a") for _ in range(2)]
        errors = [job.exception(timeout=10) for job in jobs]
    assert sum(isinstance(error, MissingWeightsError) for error in errors) == 1
    assert load.names == ["a", "a"]
    assert len(pool) == 1
    with pytest.raises(UnknownNameError):
        pool.get("unknown")


def test_many_threads_and_little_room_come_to_an_end_with_right_vectors() -> None:
    pool = make(Loads(), mib=10)
    wanted = ToyEncoder().encode_text(["forest"])

    def work(number: int) -> None:
        with pool.using("abc"[number % 3]) as model:
            np.testing.assert_array_equal(model.encode_text(["forest"]), wanted)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(120), timeout=60))
    assert pool.memory_bytes <= 10 * MIB


def test_all_that_is_not_in_use_can_be_put_away() -> None:
    pool = make(Loads())
    pool.get("a")
    pool.clear()
    assert (len(pool), pool.memory_bytes) == (0, 0)


def test_the_plain_loader_is_what_a_pool_uses(tmp_path: Path) -> None:
    assert EncoderPool(Settings(cache_dir=tmp_path, threads=1))._load is encoder
