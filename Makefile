# One command for each job. `make demo` and `make test` set up everything they need.
PYTHON ?= python3
VENV ?= .venv
SERVE ?= 1
PORT ?= 8000
JOBS ?= 2
TORCH ?= torch==2.13.0

BIN := $(VENV)/bin
WEB := $(shell find web -type f -not -path '*/node_modules/*' 2>/dev/null)
PIP := $(BIN)/python -m pip --disable-pip-version-check
export EEX_CACHE_DIR

.DEFAULT_GOAL := help
.PHONY: help install install-dev demo serve test check fix bench screenshots docs clean

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed; $(PYTHON) is older. Set PYTHON=python3.11 or similar."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "The venv module is missing: apt-get install python3-venv"; exit 1; }
	@$(PIP) install --quiet --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/base: $(VENV)/python pyproject.toml hatch_build.py $(WEB)
	@echo "Installing into $(VENV) (the first time takes a minute or two: the web page is built) …"
	@$(PIP) install --quiet --editable '.[pandas]'
	@touch $@

$(VENV)/dev: $(VENV)/base
	@$(PIP) install --quiet '$(TORCH)'
	@$(PIP) install --quiet --editable '.[pandas,models,olmoearth,raster,stac,faiss,qdrant,feedback,ray,fast]' --group dev
	@touch $@

install: $(VENV)/base  ## install into .venv
install-dev: $(VENV)/dev

demo: $(VENV)/base  ## ask the embedded world, write demo/, serve the web page (SERVE=0: only the files)
	@$(BIN)/eex demo --out demo --port $(PORT) $(if $(filter 0,$(SERVE)),--no-serve,)

serve: $(VENV)/base  ## serve the web page
	@$(BIN)/eex serve --port $(PORT)

test: $(VENV)/dev  ## everything: lint, types, layers, Python, web and browser tests (JOBS=0: one file after the other)
	@$(MAKE) --no-print-directory check
	@sh scripts/chromium.sh
	@$(BIN)/python scripts/npm.py run test
	@$(if $(filter 0 1,$(JOBS)),,OMP_NUM_THREADS=1 )$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --durations 40

check: $(VENV)/dev  ## lint, types, layers
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/python scripts/npm.py run check
	@$(BIN)/python -m pytest -q tests/test_layers.py

fix: $(VENV)/dev  ## format, and mend what lint can mend
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

bench: $(VENV)/dev  ## measure: search, scale, start, opening, encoding, pixels, building and the web page, beside peers and physical limits
	@$(BIN)/python benchmarks/search.py
	@$(BIN)/python benchmarks/scale.py
	@$(BIN)/python benchmarks/start.py
	@$(BIN)/python benchmarks/open.py
	@$(BIN)/python benchmarks/encode.py --batch 1 --rounds 5
	@$(BIN)/python benchmarks/pixels.py
	@$(BIN)/python benchmarks/build.py
	@sh scripts/chromium.sh
	@$(PIP) install --quiet --group bench
	@$(BIN)/python benchmarks/web.py

screenshots: $(VENV)/dev  ## pictures of the web page into docs/images
	@sh scripts/chromium.sh
	@$(BIN)/python scripts/screenshots.py

docs: $(VENV)/base  ## build the documentation into site/
	@$(PIP) install --quiet --group docs
	@$(BIN)/mkdocs build --strict --quiet
	@echo "Open site/index.html"

clean:  ## remove what was built and installed here
	rm -rf $(VENV) site dist demo src/eex/server/static web/node_modules
