"""How soon there is an answer: import, command line, server; and what the base install weighs.

    python benchmarks/start.py [--quick] [--json] [--rounds N]

Keys of the JSON (milliseconds are medians):

    import_ratio_vs_numpy     python -c "import eex" / python -c "import numpy", median over rounds
                              of paired times, both with the interpreter's own start; goal: <= 2
    import_all_ratio_vs_numpy the same with everything that a search needs (`eex.open_set`), which
                              `import eex` puts off until it is used
    import_extra_ms           `import eex` less bare python, and `import_numpy_extra_ms` likewise
    search_ms                 eex search --text "sand desert" --format json, as a process, once the
                              world is prepared
    prepare_s                 the same the first time, with the world being made if the cache
                              (EEX_CACHE_DIR) had none
    serve_first_answer_ms     from starting `eex serve` to the first answer of POST /api/v1/search
    install_mb                files of the base distributions, ours included; MB = 10^6 bytes
    distributions             MB of each
"""

from __future__ import annotations

import json
import os
import re
import socket
import statistics
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from _measure import Times, emit, machine, median_ms, options, paired_ratio, say, take_turns
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
NAME = "earth-embedding-explorer"
WORDS = "sand desert"
EEX = [sys.executable, "-c", "import sys; from eex.cli import main; sys.exit(main())"]
ANSWER_WITHIN_S = 120


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"{' '.join(command[1:])} ended with {done.returncode}: {done.stderr}"
        raise RuntimeError(message)
    return done.stdout


def imports(rounds: int) -> Times:
    def python(code: str) -> str:
        return run(sys.executable, "-c", code)

    return take_turns(
        {
            "bare python": lambda _: python("pass"),
            "import numpy": lambda _: python("import numpy"),
            "import eex": lambda _: python("import eex"),
            "import eex, and all that a search needs": lambda _: python("import eex; eex.open_set"),
        },
        rounds=rounds,
    )


def search() -> dict[str, object]:
    found: dict[str, object] = json.loads(run(*EEX, "search", "--text", WORDS, "--format", "json"))
    return found


def serve_first_answer() -> float:
    """Return seconds from starting the server to its first search answer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    query = {"version": 1, "set": "world", "parts": [{"kind": "text", "text": WORDS}], "k": 12}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v1/search",
        data=json.dumps(query).encode(),
        headers={"content-type": "application/json"},
    )
    start = time.perf_counter()
    command = [*EEX, "serve", "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            while True:
                if time.perf_counter() - start > ANSWER_WITHIN_S or server.poll() is not None:
                    server.kill()
                    message = f"no answer: {server.communicate()[1]}"
                    raise RuntimeError(message)
                try:
                    with urllib.request.urlopen(request, timeout=ANSWER_WITHIN_S) as answer:
                        answer.read()
                except urllib.error.HTTPError:
                    raise
                except (urllib.error.URLError, ConnectionError):
                    time.sleep(0.005)
                else:
                    return time.perf_counter() - start
        finally:
            server.terminate()
            server.communicate()


def installed_mb() -> dict[str, float]:
    """Return the size of each distribution that the base needs, ours included, largest first."""
    sizes = {NAME: folder_mb(ROOT / "src" / "eex")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = list(project["dependencies"])
    while wanted:
        requirement = Requirement(wanted.pop())
        name = canonical(requirement.name)
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if name in sizes or not applies:
            continue
        try:
            found = distribution(name)
        except PackageNotFoundError:
            say(f"{name} is not installed here and not counted")
            continue
        sizes[name] = distribution_mb(found)
        wanted += found.requires or []
        for extra in requirement.extras:
            wanted += extra_requirements(found, extra)
    return dict(sorted(sizes.items(), key=lambda item: -item[1]))


def extra_requirements(found: Distribution, extra: str) -> list[str]:
    parsed = [Requirement(text) for text in found.requires or []]
    brought = [one for one in parsed if one.marker and one.marker.evaluate({"extra": extra})]
    return [f"{one.name}{one.specifier}" for one in brought]


def distribution_mb(found: Distribution) -> float:
    paths = [Path(str(found.locate_file(file))) for file in found.files or []]
    return round(sum(path.stat().st_size for path in paths if path.is_file()) / 1e6, 2)


def folder_mb(folder: Path) -> float:
    files = (path for path in folder.rglob("*") if path.is_file())
    return round(sum(path.stat().st_size for path in files if path.suffix != ".pyc") / 1e6, 2)


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> None:
    asked = options(__doc__ or "").parse_args()
    rounds = asked.rounds or (10 if asked.quick else 30)
    few = max(1, rounds // 3)
    say(f"importing, {rounds} rounds")
    times = imports(rounds)
    say("searching once, the world is made if it is not there")
    started = time.perf_counter()
    search()
    prepare_s = time.perf_counter() - started
    say(f"searching and serving, {few} rounds")
    times |= take_turns({"eex search": lambda _: search()}, rounds=few)
    serving = [serve_first_answer() for _ in range(few)]
    sizes = installed_mb()
    bare = median_ms(times, "bare python")
    result = {
        "benchmark": "start",
        "import_ratio_vs_numpy": paired_ratio(times, "import eex", "import numpy"),
        "import_all_ratio_vs_numpy": paired_ratio(
            times, "import eex, and all that a search needs", "import numpy"
        ),
        "import_extra_ms": round(median_ms(times, "import eex") - bare, 3),
        "import_numpy_extra_ms": round(median_ms(times, "import numpy") - bare, 3),
        "search_ms": median_ms(times, "eex search"),
        "prepare_s": round(prepare_s, 3),
        "serve_first_answer_ms": round(statistics.median(serving) * 1e3, 3),
        "install_mb": round(sum(sizes.values()), 1),
        "torch_in_base": "torch" in sizes,
        "rounds": rounds,
        "median_ms": {name: median_ms(times, name) for name in times},
        "distributions": sizes,
        "cache_dir_given": "EEX_CACHE_DIR" in os.environ,
        "machine": machine(),
    }
    tables = [
        ("time", [["what", "median ms"], *([n, f"{median_ms(times, n):.1f}"] for n in times)]),
        ("base install", [["distribution", "MB"], *([n, f"{mb:.2f}"] for n, mb in sizes.items())]),
    ]
    emit(result, as_json=asked.json, tables=tables)


if __name__ == "__main__":
    main()
