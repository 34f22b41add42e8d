"""A STAC API of stac-fastapi and pgstac on a PostgreSQL cluster that lives as long as a test.

It knows queries, filters in CQL2 and orders, which rustac's does not. Needs PostgreSQL with PostGIS
(scripts/postgis.sh) and the packages of the dependency group `stac-server`, in this environment or
in one that EEX_STAC_SERVER names (the path of its python).
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from stac_world import answers, collection_of, free_port

APP = "stac_fastapi.pgstac.app:create_app"

NEEDS = "import pypgstac, stac_fastapi.pgstac.app, uvicorn"
"""What the server's python must be able to do."""


def python() -> str:
    """Return a python that has the server, or skip."""
    for candidate in filter(None, (os.environ.get("EEX_STAC_SERVER"), sys.executable)):
        command = [candidate, "-c", NEEDS]
        done = subprocess.run(command, check=False, capture_output=True, env=_env(0))
        if done.returncode == 0:
            return candidate
    pytest.skip("stac-fastapi-pgstac is not installed (dependency group stac-server)")


def binaries() -> Path:
    """Return the folder of PostgreSQL's programs, of a version that has PostGIS, or skip."""
    versions = sorted(Path("/usr/share/postgresql").glob("*/extension/postgis.control"))
    for control in reversed(versions):
        folder = Path("/usr/lib/postgresql") / control.parts[-3] / "bin"
        if (folder / "initdb").exists():
            return folder
    pytest.skip("PostgreSQL with PostGIS is not here (scripts/postgis.sh)")


def _env(port: int) -> dict[str, str]:
    told = {"PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": "postgres"}
    told |= {"PGPASSWORD": "none", "PGDATABASE": "postgres"}
    return {**os.environ, **told}


@contextmanager
def _cluster(programs: Path) -> Iterator[int]:
    """Have a cluster on a free port until the block ends; root has it run by postgres."""
    folder = Path(tempfile.mkdtemp(prefix="eex-pgstac-"))
    user: dict[str, Any] = {}
    if os.getuid() == 0:
        try:
            owner = pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        user = {"user": owner.pw_uid, "group": owner.pw_gid, "cwd": folder}
    port = free_port()
    data = str(folder / "data")

    def run(*command: str) -> None:
        told = {"capture_output": True, "text": True, "timeout": 120, **user}
        done = subprocess.run(command, check=False, **told)
        if done.returncode:
            pytest.fail(f"{command[0]}: {done.stderr[-1500:]}")

    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    control = (str(programs / "pg_ctl"), "-D", data, "-w", "-l", str(folder / "log"))
    try:
        run(str(programs / "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
            "--no-sync")  # fmt: skip
        run(*control, "-o", options, "start")
        try:
            yield port
        finally:
            run(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def pgstac_server(items: Sequence[Mapping[str, Any]], folder: Path) -> Iterator[str]:
    """Serve items until the block ends; yield the address of the API."""
    program, programs = python(), binaries()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "collections.ndjson").write_text(json.dumps(collection_of(items)) + "\n")
    (folder / "items.ndjson").write_text("".join(json.dumps(item) + "\n" for item in items))
    with _cluster(programs) as port:
        for arguments in (
            ("migrate",),
            ("load", "collections", str(folder / "collections.ndjson")),
            ("load", "items", str(folder / "items.ndjson")),
        ):
            command = [program, "-m", "pypgstac.pypgstac", *arguments]
            done = subprocess.run(
                command, check=False, capture_output=True, text=True, timeout=120, env=_env(port)
            )
            if done.returncode:
                pytest.fail(f"pypgstac {arguments[0]}: {done.stderr[-1500:]}")
        http = free_port()
        command = [program, "-m", "uvicorn", "--factory", APP, "--port", str(http)]
        with tempfile.TemporaryFile() as said:
            server = subprocess.Popen(command, stdout=said, stderr=said, env=_env(port))
            try:
                if not answers(f"http://127.0.0.1:{http}/", server, seconds=60):
                    said.seek(0)
                    pytest.fail(f"the STAC server does not run: {said.read()[-2000:].decode()}")
                yield f"http://127.0.0.1:{http}"
            finally:
                server.terminate()
                server.wait(20)
