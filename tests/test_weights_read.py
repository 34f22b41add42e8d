"""Files of weights are read without running anything, or refused in one sentence."""

from __future__ import annotations

import argparse
import collections
import io
import json
import os
import pathlib
import pickle
import struct
import sys
import types
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eex.errors import DamagedWeightsError, MissingWeightsError

torch = pytest.importorskip("torch")
from safetensors.torch import save_file  # noqa: E402

from eex.weights.read import config_beside, one_of, read_checkpoint  # noqa: E402

STATE = {"a.weight": torch.arange(12.0).reshape(3, 4), "b": torch.tensor([1.5, -2.0]).half()}


class Evil:
    """Makes a file when it is unpickled by whoever trusts it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


class EvalEvil(Evil):
    def __reduce__(self) -> Any:
        return eval, (f"__import__('os').mkdir({str(self.path)!r})",)


class HiddenEvil(Evil):
    """In a class that may have a stand-in."""

    def __reduce__(self) -> Any:
        return argparse.Namespace, (), {"x": Evil(self.path)}


def same(tensors: dict[str, Any], expected: dict[str, Any] | None = None) -> None:
    expected = STATE if expected is None else expected
    assert tensors.keys() == expected.keys()
    for name, tensor in expected.items():
        assert tensors[name].dtype == tensor.dtype
        assert torch.equal(tensors[name], tensor)


@pytest.mark.parametrize("name", ["w.safetensors", "w.bin"])
def test_safetensors_are_known_by_their_content(tmp_path: Path, name: str) -> None:
    save_file(STATE, tmp_path / name)
    same(read_checkpoint(tmp_path / name).tensors)


@pytest.mark.parametrize("name", ["w.pt", "w.ckpt", "weights"])
@pytest.mark.parametrize("wrapper", [None, "state_dict", "model"])
def test_plain_and_wrapped_state_dicts(tmp_path: Path, name: str, wrapper: str | None) -> None:
    content = STATE if wrapper is None else {"epoch": 3, wrapper: STATE, "optimizer": [{"lr": 1}]}
    torch.save(content, tmp_path / name)
    same(read_checkpoint(tmp_path / name).tensors)


def test_a_pickle_that_is_called_safetensors_is_refused(tmp_path: Path) -> None:
    torch.save(STATE, tmp_path / "w.safetensors")
    with pytest.raises(DamagedWeightsError, match="does not begin as safetensors do"):
        read_checkpoint(tmp_path / "w.safetensors")


def test_files_of_before_2020_are_read(tmp_path: Path) -> None:
    path = tmp_path / "legacy.pth"
    torch.save(STATE, path, _use_new_zipfile_serialization=False)
    same(read_checkpoint(path).tensors)


def test_what_is_no_tensor_is_left_out_and_parameters_lose_their_gradients(tmp_path: Path) -> None:
    mixed = {
        **STATE,
        "b": torch.nn.Parameter(torch.ones(2)),
        "steps": 3,
        "names": ["x"],
        5: torch.ones(1),
        "sparse": torch.eye(3).to_sparse(),
    }
    torch.save(mixed, tmp_path / "w.pt")
    tensors = read_checkpoint(tmp_path / "w.pt").tensors
    same(tensors, {"a.weight": STATE["a.weight"], "b": torch.ones(2)})
    assert not any(tensor.requires_grad for tensor in tensors.values())


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
def test_a_large_file_is_mapped_not_copied(tmp_path: Path, name: str) -> None:
    path, large = tmp_path / name, {"w": torch.zeros(64 * 2**20 // 4)}
    save_file(large, path) if name.endswith("safetensors") else torch.save(large, path)
    del large
    before = _resident()
    tensors = read_checkpoint(path).tensors
    assert tensors["w"].shape == (64 * 2**20 // 4,)
    assert _resident() - before < 32 * 2**20


def _resident() -> int:
    if not Path("/proc/self/statm").exists():
        pytest.skip("resident memory is read from /proc")
    fields = Path("/proc/self/statm").read_text().split()
    return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE")  # without mapped files


def test_hyper_parameters_come_as_plain_values(tmp_path: Path) -> None:
    hyper = {"dim": 256, "legendre_polys": 40, "harmonics": "analytic", "sizes": (1, 2), "w": None}
    torch.save({"state_dict": STATE, "hyper_parameters": hyper}, tmp_path / "w.ckpt")
    read = read_checkpoint(tmp_path / "w.ckpt")
    assert read.hyper == {**hyper, "sizes": [1, 2]}
    same(read.tensors)


def test_records_of_trainers_become_plain_without_their_classes(tmp_path: Path) -> None:
    hyper = argparse.Namespace(
        width=8,
        inner=argparse.Namespace(names=["x", "y"]),
        where=pathlib.PurePosixPath("/data/set"),
        rate=np.float64(0.5),
        simple=types.SimpleNamespace(a=1),
        numbers=np.arange(3),
    )
    extra = {"callbacks": {"best": np.float32(1.0)}, "hyper_parameters": hyper}
    torch.save({"state_dict": STATE, **extra}, tmp_path / "w.ckpt")
    allowed = set(torch.serialization.get_safe_globals())
    read = read_checkpoint(tmp_path / "w.ckpt")
    same(read.tensors)
    assert read.hyper["width"] == 8
    assert read.hyper["inner"] == {"names": ["x", "y"]}
    assert read.hyper["simple"] == {"a": 1}
    assert read.hyper["where"].endswith("data/set")
    assert read.hyper["rate"] is None or read.hyper["rate"] == 0.5
    assert set(torch.serialization.get_safe_globals()) == allowed


def test_an_omegaconf_is_read_although_it_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records laid out as OmegaConf's: nodes that hold `_content` or `_val`."""
    module = types.ModuleType("omegaconf.dictconfig")
    for name in ("DictConfig", "AnyNode", "ContainerMetadata"):
        node = type(name, (), {"__module__": module.__name__, "__qualname__": name})
        setattr(module, name, node)
    monkeypatch.setitem(sys.modules, "omegaconf", types.ModuleType("omegaconf"))
    monkeypatch.setitem(sys.modules, module.__name__, module)

    def node(kind: str, **state: Any) -> Any:
        made = getattr(module, kind)()
        made.__dict__.update(state)
        return made

    meta = node("ContainerMetadata", ref_type=Any, object_type=dict)
    inner = node("DictConfig", _metadata=meta, _content={"name": node("AnyNode", _val="clay")})
    content = {"size": node("AnyNode", _val=224), "model": inner}
    outer = node("DictConfig", _metadata=meta, _parent=None, _content=content)
    torch.save({"state_dict": STATE, "hyper_parameters": outer}, tmp_path / "w.ckpt")
    monkeypatch.undo()
    assert "omegaconf.dictconfig" not in sys.modules
    read = read_checkpoint(tmp_path / "w.ckpt")
    assert read.hyper == {"size": 224, "model": {"name": "clay"}}
    same(read.tensors)


@pytest.mark.parametrize("kind", [Evil, EvalEvil, HiddenEvil])
@pytest.mark.parametrize("zipped", [True, False])
def test_a_malicious_pickle_never_runs(tmp_path: Path, kind: type[Evil], *, zipped: bool) -> None:
    made = tmp_path / "made"
    content = {"state_dict": STATE, "hyper_parameters": {"x": kind(made)}}
    torch.save(content, tmp_path / "w.pt", _use_new_zipfile_serialization=zipped)
    with pytest.raises(DamagedWeightsError, match="wants to run code when it is read") as told:
        read_checkpoint(tmp_path / "w.pt")
    assert "safetensors" in told.value.hint
    assert not made.exists()
    torch.load(tmp_path / "w.pt", weights_only=False)  # whereas one who trusts it...
    assert made.exists()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_bare_pickle_never_runs(tmp_path: Path, protocol: int) -> None:
    made = tmp_path / "made"
    (tmp_path / "w.bin").write_bytes(pickle.dumps(Evil(made), protocol=protocol))
    with pytest.raises(DamagedWeightsError):
        read_checkpoint(tmp_path / "w.bin")
    assert not made.exists()


def test_a_program_of_torchscript_is_refused(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), tmp_path / "w.pt")
    with pytest.raises(DamagedWeightsError, match="TorchScript") as told:
        read_checkpoint(tmp_path / "w.pt")
    assert "state_dict" in told.value.hint


@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
@pytest.mark.parametrize("share", [0.001, 0.3, 0.9, 0.999])
def test_a_file_that_ends_too_early_is_refused(tmp_path: Path, kind: str, share: float) -> None:
    path, state = tmp_path / "w.bin", {"w": torch.randn(100, 100), "v": torch.randn(50)}
    if kind == "safetensors":
        save_file(state, path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=kind == "zip")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(DamagedWeightsError) as told:
        read_checkpoint(path)
    assert str(path) in str(told.value)
    assert "\n" not in str(told.value)


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "an empty file"),
        (b"<!DOCTYPE html>\n<title>Log in</title>", "a web page"),
        (b"\n\n<HTML lang=en>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n", "Git LFS"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "neither of torch.save nor safetensors"),
        (b"hello", "neither of torch.save nor safetensors"),
        (b"\x80\x02.", "not a whole file"),
        (b"\x80", "not a whole file"),
        (b"\x80" + bytes(range(256)), "not a whole file"),
        (struct.pack("<Q", 2**60) + b"{}", "not a whole file"),
        (struct.pack("<Q", 2) + b"{}", "holds no tensors"),
        (struct.pack("<Q", 9) + b'{"a": 1}!', "not a whole file"),
        (zipped(readme=b"no weights"), "not a whole file"),
        (zipped(**{"x/data.pkl": b"\x80\x02}q\x00.", "x/version": b"3\n"}), "no tensors by name"),
    ],
)
def test_other_files_are_told_apart(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "w.pt").write_bytes(content)
    with pytest.raises(DamagedWeightsError, match=said) as told:
        read_checkpoint(tmp_path / "w.pt")
    assert told.value.hint


def test_advice_to_run_what_is_in_a_file_is_not_passed_on(tmp_path: Path) -> None:
    (tmp_path / "w.pt").write_bytes(pickle.dumps(print))
    with pytest.raises(DamagedWeightsError, match="a pickle of something else") as told:
        read_checkpoint(tmp_path / "w.pt")
    assert "weights_only" not in str(told.value)
    assert "safetensors" in str(told.value.hint)


def test_tensors_that_reach_beyond_their_storage_are_refused(tmp_path: Path) -> None:
    torch.save({"w": torch.zeros(4)}, tmp_path / "w.pt")
    with zipfile.ZipFile(tmp_path / "w.pt") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    folder = next(name for name in members if name.endswith("data.pkl"))
    assert members[folder].count(b"K\x04\x85") == 1
    members[folder] = members[folder].replace(b"K\x04\x85", b"K\xff\x85")
    (tmp_path / "w.pt").write_bytes(zipped(**members))
    with pytest.raises(DamagedWeightsError):
        read_checkpoint(tmp_path / "w.pt")


@pytest.mark.parametrize("content", [[torch.ones(2)], {"a": 1}, {}, 5, torch.ones(3)])
def test_content_without_tensors_by_name_is_no_weights(tmp_path: Path, content: Any) -> None:
    torch.save(content, tmp_path / "w.pt")
    with pytest.raises(DamagedWeightsError, match="no tensors by name"):
        read_checkpoint(tmp_path / "w.pt")


@pytest.mark.parametrize("name", ["w.safetensors", "w.pt"])
def test_complex_numbers_are_refused_and_tensors_without_numbers_left_out(
    tmp_path: Path, name: str
) -> None:
    def save(tensors: dict[str, Any]) -> None:
        (save_file if name.endswith("s") else torch.save)(tensors, tmp_path / name)

    save({"a": torch.ones(2), "z": torch.ones(2, dtype=torch.complex64)})
    with pytest.raises(DamagedWeightsError, match="complex numbers, such as z"):
        read_checkpoint(tmp_path / name)
    save({**STATE, "patch": torch.ones(3, 0, 0)})
    same(read_checkpoint(tmp_path / name).tensors)


def test_nothing_there_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(MissingWeightsError, match="no weights at"):
        read_checkpoint(tmp_path / "w.pt")
    with pytest.raises(MissingWeightsError, match="is a folder"):
        read_checkpoint(tmp_path)


def test_warnings_of_torch_stay_inside(tmp_path: Path) -> None:
    torch.save(STATE, tmp_path / "w.pt", pickle_protocol=4)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            same(read_checkpoint(tmp_path / "w.pt").tensors)
        except DamagedWeightsError as error:
            assert "not a whole file" in str(error)  # noqa: PT017 - either is a clear answer
    assert not seen


def test_ordered_and_default_dicts(tmp_path: Path) -> None:
    torch.save({"state_dict": collections.OrderedDict(STATE)}, tmp_path / "w.pt")
    same(read_checkpoint(tmp_path / "w.pt").tensors)


def test_configs_beside(tmp_path: Path) -> None:
    weights, config = tmp_path / "w.pt", tmp_path / "config.json"
    assert config_beside(weights, "config.json") == {}
    config.write_text(json.dumps({"a": 1}))
    assert (
        config_beside(weights, "config.json") == config_beside(tmp_path, "config.json") == {"a": 1}
    )
    for wrong in ("{", "[1]", "\xff", "[" * 100_000):
        config.write_text(wrong, encoding="latin-1")
        with pytest.raises(DamagedWeightsError):
            config_beside(weights, "config.json")


def test_the_first_known_name_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "b.bin").touch()
    assert one_of(tmp_path, ("a.bin", "b.bin")) == tmp_path / "b.bin"
    assert one_of(tmp_path / "b.bin", ("a.bin",)) == tmp_path / "b.bin"
    with pytest.raises(MissingWeightsError, match=r"none of a\.bin"):
        one_of(tmp_path, ("a.bin",))
