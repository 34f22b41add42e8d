"""Ray, started for this process alone or joined where it runs already.

Own Ray: on loopback only, behind a random token, without dashboard, log lines on the terminal or
statistics of use; its files lie in a temporary folder that goes with it. It ends when the last who
uses it lets go, at the latest when Python ends. A Ray that runs already is left as it is.

A process is attached to one Ray at a time; everybody who asks in it shares that. Ray reads from the
environment when it is imported where it listens and whom it answers, so a process that imported Ray
for itself, or joined a Ray that runs, is refused an own one: it would listen on all addresses.
"""

from __future__ import annotations

import atexit
import inspect
import logging
import os
import secrets
import shutil
import socket
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eex.errors import BadQueryError, MissingExtraError, UnavailableError
from eex.files import ABANDONED_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",  # else raylet's messages go to standard output
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # else it warns of what it will not do any more
}
"""What Ray's own environment says wherever we start it or join it; read when it is imported."""

LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""Keeps an own Ray on 127.0.0.1: what Ray does on systems where it makes no clusters."""

CONNECT_SECONDS = 5.0
"""Longest time that a Ray to be joined takes to accept a connection."""

LEAST_STORE = 2**28
"""Fewest bytes of the object store of an own Ray."""

TEMPORARY_LETTERS = 40
"""Longest path of a folder for temporary files that Ray's sockets can lie under: names of sockets
may have 107 letters."""


@dataclass(frozen=True)
class Cluster:
    """The Ray that this process is attached to."""

    ray: Any
    """The module."""
    address: str
    """As it was asked for; empty for an own one."""
    given: bool = False
    """Whether the program that we are part of brought it."""

    @property
    def own(self) -> bool:
        """Whether it was started here, on this machine alone."""
        return not self.address

    @property
    def gpus(self) -> int:
        """GPUs of all its machines, as Ray counts them."""
        return int(self.ray.cluster_resources().get("GPU", 0))

    @property
    def cpus(self) -> int:
        """Processors of all its machines, as Ray counts them."""
        return max(1, int(self.ray.cluster_resources().get("CPU", 1)))


class _Held:
    """The Ray in use, who started it, and how many use it."""

    lock = threading.RLock()
    own_token = ""
    """Of this process's own Rays; empty until Ray was imported for one."""
    cluster: Cluster | None = None
    users = 0
    end: Callable[[], None]


def attach(address: str, *, cpus: int, gpus: int | None = 0, store_bytes: int = 0) -> Cluster:
    """Return the Ray that this process is attached to, after attaching it if it is to none.

    Args:
        address: Empty for an own one on this machine; "auto", "host:port" or "ray://host:port" for
            one that runs, as `ray.init` takes it.
        cpus: Processors that an own one counts.
        gpus: GPUs that an own one counts; None: those that it finds.
        store_bytes: Least size of an own one's object store.

    Raises:
        MissingExtraError: If Ray is not installed.
        UnavailableError: If no Ray answers there, or none can be started.
        BadQueryError: If this process is attached to another one.
    """
    with _Held.lock:
        if _Held.cluster is None:
            _Held.cluster, _Held.end = _attached(address, cpus, gpus, store_bytes)
            atexit.register(_end)
        elif _Held.cluster.address != address and not _Held.cluster.given:
            told = _Held.cluster.address or "one of its own"
            message = f"This process uses a Ray already ({told}); it cannot use another one."
            raise BadQueryError(message, hint="Give every set the same address.")
        _Held.users += 1
        return _Held.cluster


def release() -> None:
    """Let go of Ray, once for each `attach`; the last one ends it if it was started here."""
    with _Held.lock:  # until it has ended: who attaches meanwhile gets a new one
        _Held.users = max(0, _Held.users - 1)
        if _Held.users == 0:
            _end()


def _end() -> None:
    with _Held.lock:
        if _Held.cluster is not None:
            atexit.unregister(_end)
            _Held.cluster, _Held.users = None, 0
            _Held.end()


def _attached(
    address: str, cpus: int, gpus: int | None, store_bytes: int
) -> tuple[Cluster, Callable[[], None]]:
    own, environment = not address, dict(QUIET)
    there = sys.modules.get("ray")
    if there is not None and there.is_initialized():  # by the program that we are part of
        return Cluster(there, "auto", given=True), lambda: None
    if there is not None and own != bool(_Held.own_token):
        message = "This process imported Ray before, for a Ray that more than this machine reaches."
        if not own:
            message = "This process had a Ray of its own before and cannot join another one."
        raise BadQueryError(message, hint="Start another process, or call `ray.init` yourself.")
    if own:
        _Held.own_token = _Held.own_token or secrets.token_hex(32)
        environment |= LOOPBACK
        environment |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": _Held.own_token}
    ray = _imported(environment)
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if not own:
        _check_reachable(address)
        keeper = _Keeper(ray, environment, options | {"address": address})
        keeper.attach()
        return Cluster(ray, address), keeper.detach
    folder = _temporary()
    options |= {
        "address": "local",
        "num_cpus": cpus,
        **({} if gpus is None else {"num_gpus": gpus}),
        "include_dashboard": False,
        "object_store_memory": max(LEAST_STORE, store_bytes),
        "_temp_dir": str(folder),
    }
    keeper = _Keeper(ray, environment, options)
    try:
        keeper.attach()
    except BaseException:
        _remove(folder)
        raise

    def end() -> None:
        keeper.detach()
        _remove(folder)

    return Cluster(ray, address), end


def _check_reachable(address: str) -> None:
    """Raise UnavailableError where nothing listens: Ray itself would try for minutes, aloud."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not (colon and port.isdecimal()):
        return  # "auto", or a name: Ray knows
    try:
        socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise _no_answer(address, str(error)) from error


def _no_answer(address: str, reason: str) -> UnavailableError:
    message = f"No Ray answers at {address}: {reason.rstrip('.')}."
    hint = "Start one with `ray start --head`; one that wants a token needs RAY_AUTH_MODE=token."
    return UnavailableError(message, hint=hint)


class _Keeper(threading.Thread):
    """Starts or joins Ray, and lives as long as that lasts.

    Linux ends Ray's processes when the thread that started them ends, so it must not be one that
    answers a request. In a thread of its own, Ray also leaves the process's signals alone.
    """

    def __init__(
        self,
        ray: Any,  # noqa: ANN401
        environment: Mapping[str, str],
        options: Mapping[str, object],
    ) -> None:
        super().__init__(name="eex-ray", daemon=True)
        self._ray, self._environment, self._options = ray, environment, options
        self._ready, self._leave = threading.Event(), threading.Event()
        self._error: BaseException | None = None

    def run(self) -> None:
        """Attach, and wait for the end."""
        try:
            logging.getLogger("ray").setLevel(logging.ERROR)
            with _environment(self._environment):
                self._ray.init(**self._options)
        except BaseException as error:  # noqa: BLE001 (raised again where it is waited for)
            self._error = error
        self._ready.set()
        self._leave.wait()

    def attach(self) -> None:
        """Return when Ray can be used.

        Raises:
            UnavailableError: If it cannot.
        """
        self.start()
        self._ready.wait()
        if self._error is None:
            return
        self._leave.set()
        if not isinstance(self._error, Exception):
            raise self._error
        reason = str(self._error).strip().partition("\n")[0]
        address = self._options["address"]
        if address == "local":
            message = f"Ray cannot be started here: {reason}"
            raise UnavailableError(message, hint="Try `ray start --head`.") from self._error
        raise _no_answer(str(address), reason) from self._error

    def detach(self) -> None:
        """End Ray, or leave the one that was joined."""
        waits = "wait_for_processes" in inspect.signature(self._ray.shutdown).parameters
        self._ray.shutdown(**{"wait_for_processes": True} if waits else {})
        self._leave.set()
        self.join()


def _imported(environment: Mapping[str, str]) -> Any:  # noqa: ANN401
    """Return the module `ray`."""
    with _environment(environment):
        try:
            import ray
        except ImportError as error:
            message = "Work over several machines needs Ray, which is not installed."
            hint = "pip install 'earth-embedding-explorer[ray]'"
            raise MissingExtraError(message, hint=hint) from error
    return ray


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set what Ray reads from the environment, and put it back as it was."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _temporary() -> Path:
    """Return a new folder for Ray's files, only for this user, with a short path."""
    usual = tempfile.gettempdir()
    short = len(usual) <= TEMPORARY_LETTERS or not Path("/tmp").is_dir()  # noqa: S108
    place = usual if short else "/tmp"  # noqa: S108
    for folder in Path(place).glob("eex-ray-*"):
        if _abandoned(folder):
            _remove(folder)
    return Path(tempfile.mkdtemp(prefix=f"eex-ray-{os.getpid()}-", dir=place))


def _abandoned(folder: Path) -> bool:
    """Whether a process was killed before it could remove its folder, a day ago or more."""
    owner = folder.name.split("-")[2]
    if os.name != "posix" or not owner.isdecimal():
        return False
    try:
        if time.time() - folder.stat().st_mtime < ABANDONED_SECONDS:
            return False
        os.kill(int(owner), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
