"""Getting a model's weights: its licence accepted, every file here and checked, a receipt."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from eex.errors import BadQueryError, DamagedWeightsError, DownloadError, MissingWeightsError
from eex.files import atomic_path, clear_abandoned, guarded, making
from eex.weights.answers import AbsentFileError
from eex.weights.beginnings import BEGINNING, no_weights
from eex.weights.checksum import CHUNK, sha256_of
from eex.weights.fetch import fetch_file, forget_note
from eex.weights.hubcache import blob_sha256, cached_file, snapshot
from eex.weights.hubs import Source, home_of, is_commit, origin_of, source_of
from eex.weights.licences import accepted_on, keep_acceptance, not_accepted
from eex.weights.part import check_room, folder_variable
from eex.weights.receipts import (
    Got,
    Receipt,
    checked_name,
    file_here,
    is_complete,
    read_receipt,
    write_receipt,
)
from eex.weights.store import model_folder, models_folder

if TYPE_CHECKING:
    from eex.config import Settings
    from eex.weights.records import HasWeights, WeightFile

FileProgress = Callable[[str, int, int], None]
"""Called with a file's name, bytes done, and bytes in all (0 where that is not known)."""

Report = Callable[[int, int], None]
"""The same of one file."""


def get_weights(
    spec: HasWeights,
    settings: Settings,
    *,
    source: str = "",
    accept: bool = False,
    progress: FileProgress | None = None,
    waiting: Callable[[], None] | None = None,
) -> Path:
    """Have a model's weights on this machine; what is here already is not fetched again.

    Args:
        spec: The model.
        settings: For folders, hubs, the token, and whether anything may be fetched.
        source: huggingface, modelscope.cn, modelscope.ai, the address of a mirror of Hugging
            Face, or a file or folder of the user's own; `Settings.hub` by default.
        accept: Whether the user accepts the licence, see `licence_text`. Not asked for what is
            the user's own already.
        progress: Told how much of each file is here.
        waiting: Called once if another process is getting the same model.

    Returns:
        The model's folder.

    Raises:
        BadQueryError: If the source is none, or the model has its weights in the package.
        LicenceError: If the licence has not been accepted.
        DownloadError: If a file cannot be fetched.
        DamagedWeightsError: If a file of the user's own is not the one expected.
        MissingWeightsError: If a file is not in the user's own folder.
        OutputError: If the disk has no room or refuses.
    """
    if not spec.files:
        message = f"{spec.name} has its weights in the package; there is nothing to get."
        raise BadQueryError(message, hint="eex models lists what each model needs.")
    wanted = source_of(source or settings.hub, settings)
    folder, models = model_folder(spec.name, settings), models_folder(settings)
    if is_complete(folder, spec):
        return folder
    if needs_licence(spec, settings, source=source):
        if not accept:
            raise not_accepted(spec)
        keep_acceptance(spec, models, date=_now())
    accepted = "" if wanted.layout == "local" else accepted_on(spec, models)
    report = progress or _silent
    with guarded(f"writing {folder}"), making(folder, waiting=waiting):
        if not is_complete(folder, spec):
            folder.mkdir(exist_ok=True)
            clear_abandoned(folder)
            Getting(spec, settings, wanted, folder, report).run(accepted)
    return folder


def needs_licence(spec: HasWeights, settings: Settings, *, source: str = "") -> bool:
    """Whether the user must accept the licence before `get_weights` fetches anything."""
    if not spec.files or is_complete(model_folder(spec.name, settings), spec):
        return False
    local = source_of(source or settings.hub, settings).layout == "local"
    return not local and not accepted_on(spec, models_folder(settings))


@dataclass
class Getting:
    """One model, or one data set, being got; the caller holds its folder."""

    spec: HasWeights
    """What is wanted."""
    settings: Settings
    """For hubs, the token, the cache of Hugging Face's tools, and whether to fetch at all."""
    source: Source
    """From where."""
    folder: Path
    """Where to; it is there."""
    progress: FileProgress
    """Told how much of each file is here."""
    commits: dict[tuple[str, str], str] = field(default_factory=dict)
    """Commits met, by hub and repository: further files are those of the same commit."""

    def run(self, accepted: str = "") -> None:
        """Bring every file that is not here yet, and write the receipt."""
        receipt = self._receipt(accepted)
        missing = [file for file in self.spec.files if not file_here(self.folder, file, receipt)]
        if self.source.layout != "local":
            fetched = [file for file in missing if not self._cached(file)]
            begun = sum(path.stat().st_size for path in self.folder.rglob("*.part"))
            self._check_room(self.folder, sum(f.size for f in fetched) - begun, self.spec.name)
        for file in missing:
            report = partial(self.progress, file.name)
            got: Got | None
            if self.source.layout == "local":
                got = self._copied(file, report)
            else:
                got = self._from_cache(file, report) or self._fetched(file, report)
            if got is not None:
                receipt = receipt.with_file(file.name, got)
                write_receipt(self.folder, receipt)
                forget_note(self.folder / got.name)
        commits = [got.commit for got in receipt.files.values() if got.commit]
        commit = commits[0] if commits else ""
        write_receipt(self.folder, replace(receipt, complete=True, commit=commit))

    def _receipt(self, accepted: str) -> Receipt:
        """Return a receipt with the files that an earlier try brought."""
        before, repo, revision = read_receipt(self.folder), "", ""
        if self.source.layout != "local":
            own = [file for file in self.spec.files if file.home is None]
            home = home_of(self.spec, (own or self.spec.files)[0], self.source)
            repo, revision = home.repo, home.revision
            if before is not None and before.source == self.source.name:
                for name, got in before.files.items():
                    files = [file for file in self.spec.files if file.name == name]
                    if files and got.commit:
                        its = home_of(self.spec, files[0], self.source)
                        self.commits.setdefault((its.hub, its.repo), got.commit)
        return Receipt(
            model=self.spec.name,
            source=self.source.name,
            repo=repo,
            revision=revision,
            date=_now(),
            licence=self.spec.licence,
            accepted=accepted,
            files=dict(before.files) if before else {},
        )

    def _fetched(self, file: WeightFile, report: Report) -> Got | None:
        """Fetch a file under the first of its names that is there; None for an optional one."""
        if self.settings.offline:
            what = f"{file.name} of {self.spec.name}"
            message = f"{what} is not here, and HF_HUB_OFFLINE forbids fetching it."
            hint = "Unset HF_HUB_OFFLINE, or give a file or folder with --from."
            raise DownloadError(message, hint=hint)
        home, absent = home_of(self.spec, file, self.source), None
        for name in (file.name, *file.or_else):
            pinned = is_commit(home.revision)
            met = "" if pinned else self.commits.get((home.hub, home.repo), "")
            origin = origin_of(home, checked_name(name), self.source, self.settings, revision=met)
            size = file.size if file.sha256 else 0
            target = self.folder / name
            try:
                note = fetch_file(origin, target, sha256=file.sha256, size=size, progress=report)
            except AbsentFileError as error:
                absent = absent or error
                continue
            commit = note.commit or origin.revision
            if is_commit(commit):
                self.commits[home.hub, home.repo] = commit
            return Got(
                name=name,
                sha256=note.sha256,
                size=note.size,
                source=origin.url,
                commit=commit if is_commit(commit) else "",
                checked=note.checked,
            )
        if absent is not None and not file.optional:
            raise absent
        return None

    def _cached(self, file: WeightFile) -> Path | None:
        home = home_of(self.spec, file, self.source)
        return cached_file(self.settings.hub_cache, home, file)

    def _from_cache(self, file: WeightFile, report: Report) -> Got | None:
        """Take a file from Hugging Face's cache, as a second name of it where that can be."""
        path = self._cached(file)
        kept = snapshot(self.settings.hub_cache, home_of(self.spec, file, self.source))
        if path is None or kept is None:
            return None
        digest, expected = sha256_of(path, progress=report), file.sha256 or blob_sha256(path)
        if expected and digest != expected:
            return None
        name = path.relative_to(kept).as_posix()
        target = self.folder / name
        if not _linked(path.resolve(), target):
            self._check_room(target.parent, path.stat().st_size, name)
            _copy(path.resolve(), target, lambda _done, _total: None)
        return Got(
            name=name,
            sha256=digest,
            size=path.stat().st_size,
            source=str(path),
            commit=kept.name,
            checked=bool(expected),
        )

    def _copied(self, file: WeightFile, report: Report) -> Got | None:
        """Copy a file of the user's own; None for an optional one that is not there."""
        path = next((p for p in self._candidates(file) if p.is_file()), None)
        if path is None:
            if file.optional:
                return None
            given = self.source.path
            where = given if given.is_dir() else given.parent
            message = f"{where} has no file {file.name}, which {self.spec.name} needs."
            raise MissingWeightsError(message, hint="Give a folder with all files of the model.")
        with guarded(f"reading {path}"), path.open("rb") as opened:
            kind = no_weights(opened.read(BEGINNING))
        if kind:
            message = f"{path} is {kind}."
            raise DamagedWeightsError(message, hint="Get the file again from where it came.")
        name = path.name if path.name in file.or_else else file.name
        target = self.folder / checked_name(name)
        self._check_room(target.parent, path.stat().st_size, name)
        digest = _copy(path, target, report, expected=file.sha256)
        size, checked = target.stat().st_size, bool(file.sha256)
        return Got(name=name, sha256=digest, size=size, source=str(path), checked=checked)

    def _check_room(self, folder: Path, needed: int, what: str) -> None:
        home = self.spec.homes[0] if self.spec.homes else None
        check_room(folder, needed, what, variable=folder_variable(home))

    def _candidates(self, file: WeightFile) -> Iterator[Path]:
        given = self.source.path
        if not given.is_dir():
            if file is next((f for f in self.spec.files if not f.optional), self.spec.files[0]):
                yield given
                return
            given = given.parent
        for name in (file.name, *file.or_else):
            yield given / checked_name(name)
            yield given / Path(name).name


def _linked(path: Path, target: Path) -> bool:
    """Give a file a second name; False where that cannot be: another disk, or one without them."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(path, target)
    except OSError:
        return False
    return True


def _copy(path: Path, target: Path, report: Report, *, expected: str = "") -> str:
    """Copy a file and return its SHA-256; what is not the one expected never gets its name."""
    total, done, digest = path.stat().st_size, 0, hashlib.sha256()
    with (
        guarded(f"writing {target}"),
        path.open("rb") as source,
        atomic_path(target) as fresh,
    ):
        with fresh.open("wb") as out:
            while chunk := source.read(CHUNK):
                out.write(chunk)
                digest.update(chunk)
                done += len(chunk)
                report(done, total)
        if expected and digest.hexdigest() != expected:
            message = f"{path} is not the file expected: its SHA-256 is {digest.hexdigest()}."
            hint = f"Expected is {expected}; to use yours as it is, give its path as weights."
            raise DamagedWeightsError(message, hint=hint)
    return digest.hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _silent(_name: str, _done: int, _total: int) -> None:
    pass
