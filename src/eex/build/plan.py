"""A build on the disk: what was asked for, its pieces of work, what is done, what was set aside.

    NAME.build/
      plan.json                    what was asked for, and every item
      parts/MODEL/KEY.parquet      tiles and vectors of one item
      aside.json                   items that could not be read, and why
      done.json                    once the set is written; alone unless something is aside
      .lock, owner.json            who is at it

Every file appears whole or not at all, so a build that is killed goes on from what is there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from eex.build.items import Item, Tiling
from eex.errors import BadQueryError, BusyError, DamagedSetError
from eex.files import clear_abandoned, guarded, write_bytes
from eex.sources.refs import Ref, SceneRef, from_json, to_json

VERSION = 1
"""Of the layout of a build folder."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """An encoder as it was asked for."""

    name: str
    """As `eex models` lists it."""
    weights: str = ""
    """File or folder of its weights; empty for those that were fetched."""
    variant: str = ""
    """Way of running it; empty for its default."""
    precision: str = "float32"
    """Number format of the network."""

    @property
    def stem(self) -> str:
        """What files and folders of it are called."""
        return re.sub(r"[^A-Za-z0-9._-]+", "-", self.name).strip("-.") or "model"


@dataclass(frozen=True, kw_only=True)
class Aside:
    """An item that could not be read."""

    key: str
    """Of the item."""
    ref: str
    """Id of its scene or shard."""
    reason: str
    """Why, in a sentence."""
    code: str = "error"
    """Why, for programs: `EexError.code`."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that a build will do."""

    request: Mapping[str, Any]
    """What was asked for, as JSON: the same request goes on with the same build."""
    tiling: Tiling
    """How scenes become tiles."""
    models: tuple[Model, ...]
    """Each gives a set."""
    items: tuple[Item, ...]
    """The work, in the order of the set's rows."""
    spare: tuple[Ref, ...] = ()
    """Scenes that were listed and that no item is of: others may prove damaged."""
    instead: tuple[Item, ...] = ()
    """What is read for items that were set aside; see `eex.build.instead`."""
    around: tuple[str, ...] = ()
    """Keys of these, sorted."""
    fresh: bool = False
    """Whether what lay there was to be replaced: until it is, the same command goes on."""

    def to_json(self) -> str:
        """Return it as JSON."""
        record = {
            "version": VERSION,
            "request": self.request,
            "tiling": asdict(self.tiling),
            "models": [asdict(model) for model in self.models],
            "items": [item.to_json() for item in self.items],
            "spare": [to_json(ref) for ref in self.spare],
            "instead": [item.to_json() for item in self.instead],
            "around": list(self.around),
            "fresh": self.fresh,
        }
        return json.dumps(record)

    @classmethod
    def from_json(cls, text: str | bytes) -> Plan:
        """Return the plan that `to_json` wrote."""
        record = json.loads(text)
        if record["version"] != VERSION:
            message = f"The build was begun by another version (layout {record['version']})."
            raise BadQueryError(message, hint="Start it anew with --fresh, or use that version.")
        return cls(
            request=record["request"],
            tiling=Tiling(**record["tiling"]),
            models=tuple(Model(**model) for model in record["models"]),
            items=tuple(map(Item.from_json, record["items"])),
            spare=tuple(map(from_json, record.get("spare", ()))),
            instead=tuple(map(Item.from_json, record.get("instead", ()))),
            around=tuple(record.get("around", ())),
            fresh=bool(record.get("fresh")),
        )

    @property
    def work(self) -> tuple[Item, ...]:
        """All items in the order of the set's rows: the best scene first, then shards."""
        if not self.instead:
            return self.items
        return tuple(sorted((*self.items, *self.instead), key=_row_order))

    @property
    def tiles(self) -> int:
        """How many tiles at most."""
        return sum(item.tiles for item in self.work)


class BuildFolder:
    """The folder of one build; who changes it holds it."""

    def __init__(self, output: Path) -> None:
        """Name the folder that lies beside the file that is to be made."""
        self.output = output
        self.path = output.absolute().with_name(f"{output.stem}.build")
        self.parts = self.path / "parts"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other builds of the same output out, and clear what killed processes left.

        Raises:
            BusyError: If another process is at it.
            OutputError: If the folder cannot be made.
        """
        from filelock import FileLock, Timeout

        with guarded(f"making {self.path}"):
            self.path.mkdir(parents=True, exist_ok=True)
            lock: FileLock | None = FileLock(self.path / ".lock")
            try:
                lock.acquire(timeout=0)  # type: ignore[union-attr]
            except Timeout as error:
                raise self._busy() from error
            except NotImplementedError:  # a file system without locks
                lock = None
        try:
            owner = {"pid": os.getpid(), "host": _host(), "since": time.strftime("%F %T")}
            write_bytes(self.path / "owner.json", json.dumps(owner).encode())
            for folder in (self.path, self.parts, *self._part_folders()):
                if folder.is_dir():
                    clear_abandoned(folder)
            yield
        finally:
            (self.path / "owner.json").unlink(missing_ok=True)
            if {path.name for path in self.path.iterdir()} <= {".lock"}:  # nothing was begun
                self._remove(".lock")
                with suppress(OSError):
                    self.path.rmdir()
            if lock is not None:
                lock.release()

    def plan(self) -> Plan | None:
        """Return the plan that was begun; None if there is none.

        Raises:
            DamagedSetError: If it cannot be read.
        """
        with suppress(FileNotFoundError):
            text = (self.path / "plan.json").read_bytes()
            try:
                return Plan.from_json(text)
            except (ValueError, KeyError, TypeError) as error:
                message = f"{self.path / 'plan.json'} is not the plan of a build: {error!r}."
                raise DamagedSetError(message, hint="Start it anew with --fresh.") from error
        return None

    def begin(self, plan: Plan) -> None:
        """Write the plan down.

        Raises:
            OutputError: If the disk refuses.
        """
        with guarded(f"writing {self.path}"):
            for model in plan.models:
                (self.parts / model.stem).mkdir(parents=True, exist_ok=True)
            write_bytes(self.path / "plan.json", plan.to_json().encode())

    def check_same(self, request: Mapping[str, Any]) -> None:
        """Refuse to go on with a build of something else.

        Raises:
            BadQueryError: If the folder is of another request; says what differs.
        """
        begun = self._begun()
        if begun is None or begun == json.loads(json.dumps(request)):
            return
        names = _differences(begun, json.loads(json.dumps(request)))
        message = f"{self.path} is of another build: {', '.join(names)} differ."
        hint = "Give another output (-o), the same options as before, or --fresh to start anew."
        raise BadQueryError(message, hint=hint, differ=names)

    def is_bare(self, request: Mapping[str, Any]) -> bool:
        """Whether a build of something else was begun here, of which nothing was finished."""
        with suppress(DamagedSetError, BadQueryError):
            begun = self._begun()
            other = begun is not None and begun != json.loads(json.dumps(request))
            return other and self.made() is None and not any(self.parts.glob("*/*.parquet"))
        return False

    def _begun(self) -> Mapping[str, Any] | None:
        """Return what was asked of the build that lies here."""
        begun: Mapping[str, Any] | None = (self.made() or {}).get("request")
        if begun is None and (plan := self.plan()) is not None:
            begun = plan.request
        return begun

    def goes_on_afresh(self, request: Mapping[str, Any]) -> bool:
        """Whether a build of the same that was to replace what was there has not ended yet."""
        with suppress(DamagedSetError, BadQueryError):
            plan = self.plan()
            if plan is not None and plan.fresh and self.made() is None:
                return bool(plan.request == json.loads(json.dumps(request)))
        return False

    def made(self) -> dict[str, Any] | None:
        """Return what was written down when the set was finished; None if it is not."""
        with suppress(FileNotFoundError, ValueError):
            return dict(json.loads((self.path / "done.json").read_bytes()))
        return None

    def finish(self, record: Mapping[str, Any]) -> None:
        """Write down that the set is made, and remove what is not needed any more.

        While something is set aside, all stays that is needed to try it again.

        Raises:
            OutputError: If the disk refuses.
        """
        write_bytes(self.path / "done.json", json.dumps(record).encode())
        if self.aside():
            return
        self._remove("plan.json", "aside.json")
        shutil.rmtree(self.parts, ignore_errors=True)

    def reopen(self) -> None:
        """Forget that the set was made: it is made again, and only then has all that is asked."""
        self._remove("done.json")

    def clear(self) -> None:
        """Remove all but the lock; what is left of it if we are stopped is cleared again."""
        self._remove("aside.json", "plan.json", "done.json")
        self.clear_parts()

    def clear_parts(self) -> None:
        """Remove all parts: they are of a plan that is not there any more.

        Raises:
            OutputError: If one cannot be removed.
        """
        with guarded(f"clearing {self.parts}"), suppress(FileNotFoundError):
            shutil.rmtree(self.parts)

    def part(self, model: Model, key: str) -> Path:
        """Return where the tiles and vectors of an item lie."""
        return part_path(self.parts, model, key)

    def finished(self, models: Sequence[Model]) -> set[str]:
        """Return the keys of items of which every model's part is there."""
        there = [
            {path.stem for path in (self.parts / model.stem).glob("*.parquet")} for model in models
        ]
        return set.intersection(*there) if there else set()

    def aside(self) -> dict[str, Aside]:
        """Return the items that could not be read, by key."""
        with suppress(FileNotFoundError, ValueError, TypeError):
            told = json.loads((self.path / "aside.json").read_bytes())
            return {record["key"]: Aside(**record) for record in told}
        return {}

    def set_aside(self, items: Mapping[str, Aside]) -> None:
        """Write down which items could not be read.

        Raises:
            OutputError: If the disk refuses.
        """
        told = json.dumps([asdict(aside) for aside in items.values()], indent=1)
        write_bytes(self.path / "aside.json", told.encode())

    def _part_folders(self) -> list[Path]:
        return [path for path in self.parts.glob("*") if path.is_dir()]

    def _remove(self, *names: str) -> None:
        for name in names:
            (self.path / name).unlink(missing_ok=True)

    def _busy(self) -> BusyError:
        who = "Another process"
        with suppress(OSError, ValueError, KeyError):
            owner = json.loads((self.path / "owner.json").read_bytes())
            who = f"Process {owner['pid']} on {owner['host']}, since {owner['since']},"
        message = f"{who} is at work in {self.path}."
        return BusyError(message, hint="Wait for it, stop it, or give another output (-o).")


def _row_order(item: Item) -> tuple[bool, tuple[float, float, str]]:
    ref = item.ref
    return (False, ref.rank) if isinstance(ref, SceneRef) else (True, (0.0, 0.0, ""))


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return in what two requests differ; of records, which of their entries."""
    names: list[str] = []
    if before.get("source") != now.get("source"):
        return ["source"]
    for name in sorted({*before, *now}):
        old, new = before.get(name), now.get(name)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            names += sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
        else:
            names.append(name)
    return list(dict.fromkeys(names))


def part_path(parts: Path, model: Model, key: str) -> Path:
    """Return where the tiles and vectors of an item lie below a folder of parts."""
    return parts / model.stem / f"{key}.parquet"


def _host() -> str:
    import platform

    return platform.node()
