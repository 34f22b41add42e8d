"""Data flows one way: a part imports only from parts above it."""

import ast
from pathlib import Path

import eex

LAYERS = (
    "errors",
    "stopping",
    "ordered",
    "registry",
    "origins",
    "config",
    "files",
    "values",
    "cluster",
    "weights",
    "remote",
    "grid",
    "tiles",
    "places",
    "extent",
    "sources",
    "imagery",
    "encoders",
    "columns",
    "embeddings",
    "geoparquet",
    "build",
    "catalog",
    "check",
    "filters",
    "index",
    "export",
    "render",
    "heatmaps",
    "search",
    "demo",
    "server",
    "space",
    "testing",
    "evaluate",
    "cli",
)

ROOT = Path(eex.__file__).parent


def parts_imported(source: str) -> set[str]:
    modules = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module == "eex":
            modules += [f"eex.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.append(node.module)
        elif isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
    return {m.split(".")[1] for m in modules if m.startswith("eex.")}


def test_imports_point_up() -> None:
    wrong = []
    for path in ROOT.rglob("*.py"):
        part = path.relative_to(ROOT).with_suffix("").parts[0]
        if part == "__init__":
            continue
        above = LAYERS[: LAYERS.index(part) + 1]
        below = parts_imported(path.read_text(encoding="utf-8")) - set(above)
        wrong += [f"{path.relative_to(ROOT)} imports {name}" for name in below]
    assert not wrong


def test_every_part_has_its_place() -> None:
    parts = {p.stem if p.is_file() else p.name for p in ROOT.iterdir()}
    modules = parts - {"__init__", "__pycache__", "py", "data"}
    assert modules == set(LAYERS)


def test_no_module_outgrows_its_subject() -> None:
    long = {
        path.relative_to(ROOT): lines
        for path in ROOT.rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert not long
