# Two commands on a fresh machine: `make demo` and `make test`. Both set everything up in .venv first.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || echo python3)
VENV = .venv
ifeq ($(OS),Windows_NT)
BIN = $(VENV)/Scripts
UV = .venv-lock/Scripts/uv
else
BIN = $(VENV)/bin
UV = .venv-lock/bin/uv
endif
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile# modules are compiled when they are first imported
TORCH = torch==2.13.0
LOCK = requirements.lock
DEMO_LOCK = requirements-demo.lock
CHECKED = heygem_core server plugins web-tools tests benchmarks demo.py docs
PAGE = server/web/vendor/VERSIONS
BIOME = web-tools/node_modules/.bin/biome
PANEL_TOOLS = tests/plugins/node_modules/.package-lock.json
OLD_CHROMIUM = tests/plugins/old_chromium/node_modules/.package-lock.json
FIREFOX = tests/web/firefox/node_modules/.package-lock.json
NPM_CI = npm ci --ignore-scripts --no-audit --no-fund --loglevel=error --prefix

# Byte code is kept, also where the environment says otherwise: tests start hundreds of processes, and each would compile all that it imports.
export PYTHONDONTWRITEBYTECODE =

# What only tests drive, as COMMAND:DEBIAN-PACKAGE. Installed as root on Debian; elsewhere a line names what is missing, and tests that need it skip.
PROGRAMS = chromium-headless-shell:chromium-headless-shell firefox-esr:firefox-esr melt:melt ffmpeg:ffmpeg exiftool:libimage-exiftool-perl espeak-ng:espeak-ng blender:blender xvfb-run:xvfb lua5.1:lua5.1

.PHONY: setup lock upgrade demo test pytest test-unit test-full test-newest lint format docs pictures mutate doctor bench clean programs zxp ccx

setup: $(VENV)/ready $(PAGE) $(PANEL_TOOLS) $(OLD_CHROMIUM) $(FIREFOX)

# torch first and by version, outside the lock: its published wheels pin gigabytes that a machine may not want. All else as locked.
# The demo's packages are only read as data files, so their own needs are not installed.
$(VENV)/ready: pyproject.toml $(LOCK) $(DEMO_LOCK)
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) $(TORCH) "$$(sed -n 's/^\(setuptools==[^ ]*\).*/\1/p' $(LOCK))"
	$(INSTALL) --no-deps --no-build-isolation --require-hashes -r $(LOCK)
	$(INSTALL) --no-deps --no-build-isolation --require-hashes -r $(DEMO_LOCK)
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@$(BIN)/python -c "import cv2" 2>/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
		&& apt-get update -qq && apt-get install -y -qq libgl1 libglib2.0-0; } \
		|| echo "OpenCV needs the system libraries libGL and glib: install libgl1 and libglib2.0-0."
	touch $@

COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" $(UPGRADE)

# The lock files follow pyproject.toml: `make lock` keeps the versions that still fit, `make upgrade` takes the newest.
upgrade: UPGRADE = --upgrade
lock upgrade: $(UV)
	mkdir -p $(dir $(LOCK))
	printf 'torch\nray\n' | $(COMPILE) --all-extras --excludes - --output-file $(LOCK) pyproject.toml
	$(COMPILE) --group demo --no-deps --constraints $(LOCK) --output-file $(DEMO_LOCK)

$(UV):
	$(PYTHON) -m venv .venv-lock
	.venv-lock/*/python -m pip install --quiet "uv>=0.10,<1"

# The page's library, as its authors publish it. A user of the wheel needs no Node: the wheel carries it.
$(PAGE): web-tools/package-lock.json web-tools/vendor.mjs
	@command -v npm >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
		&& apt-get update -qq && apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null; } || true
	@if command -v npm >/dev/null; then $(NPM_CI) web-tools && node web-tools/vendor.mjs; \
	else echo "The server's page needs Node.js and npm to be set up: install them and run make setup again. All else works."; fi

# What checks the Premiere panels: the vendors' types and a parser of their old JavaScript.
$(PANEL_TOOLS): tests/plugins/package-lock.json $(PAGE)
	@if command -v npm >/dev/null; then $(NPM_CI) tests/plugins; fi

# The browser that editors embed, and what came to it when: for tests of the page.
$(OLD_CHROMIUM): tests/plugins/old_chromium/package-lock.json $(PAGE)
	@if command -v npm >/dev/null; then $(NPM_CI) tests/plugins/old_chromium; fi

# What drives Firefox in tests of the page.
$(FIREFOX): tests/web/firefox/package-lock.json $(PAGE)
	@if command -v npm >/dev/null; then $(NPM_CI) tests/web/firefox; fi

demo: setup
	$(BIN)/python demo.py

test: lint docs pytest

# Each process takes whole files of tests, whose servers and takes serve all tests of a file: in the order of tests/conftest.py.
# There is one more than cores, since tests wait for servers and browsers. Numeric libraries get one thread.
WORKERS = -n $(shell cores=$$(getconf _NPROCESSORS_ONLN || echo 3); [ $$cores -lt 4 ] && echo $$((cores + 1)) || echo 4) --dist loadfile --no-loadscope-reorder
pytest test-unit test-full: export OMP_NUM_THREADS = 1

pytest: setup programs
	$(BIN)/python -m pytest $(WORKERS) -m "not full"

# What needs no server, browser, editor or whole render: quick, and the same on every system.
test-unit: setup
	$(BIN)/python -m pytest $(WORKERS) -m "not full" $(foreach folder,server web plugins cli rendering docs,--ignore=tests/$(folder))

# The longer matrices: the tests marked `full`, and how much of the code they cover. That there is none (5) is no failure.
FULL = full
FULL_PACKAGES = "ray>=2.55,<3" "openjd-cli>=0.7,<1"# a farm of real nodes, and a studio's farm that runs our exported jobs
test-full: setup programs
	$(INSTALL) $(FULL_PACKAGES)
	$(BIN)/python -m pytest $(WORKERS) -m "$(FULL)" --cov || [ $$? = 5 ]

# The tests once more with the newest releases that pyproject.toml allows, in a virtual environment of their own.
NEWEST = VENV=.venv-newest LOCK=build/newest/requirements.lock DEMO_LOCK=build/newest/requirements-demo.lock
test-newest:
	$(MAKE) upgrade $(NEWEST)
	$(MAKE) pytest $(NEWEST)

programs:
	@missing=""; names=""; for pair in $(PROGRAMS); do \
		command -v $${pair%%:*} >/dev/null || { missing="$$missing $${pair#*:}"; names="$$names $${pair%%:*}"; }; done; \
	[ -z "$$missing" ] || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq \
		&& { apt-get install -y -qq --no-install-recommends $$missing >/dev/null || { gone=""; for one in $$missing; do \
			apt-get install -y -qq --no-install-recommends $$one >/dev/null || gone="$$gone $$one"; done; names=$$gone; [ -z "$$gone" ]; }; }; } \
		|| echo "Not on this machine:$$names. The tests that need them are skipped."

lint: setup
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/mypy heygem_core server
	$(BIN)/mypy --strict --follow-imports=silent plugins/installing plugins/protocol
	$(BIN)/mypy -p heygem_host -p heygem_resolve -p heygem_blender
	$(BIN)/python web-tools/check_imports.py
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

# How many small faults in the code the tests notice, in rooms where an unnoticed one would cost somebody their work. Takes hours: by hand.
ROOMS =
SAMPLE = 50
mutate: setup
	$(PYTHON) -m venv .venv-mutation
	.venv-mutation/*/python -m pip install --quiet "cosmic-ray>=8.7,<9"
	$(BIN)/python -m benchmarks.mutation $(ROOMS) --sample $(SAMPLE)

doctor: setup
	$(BIN)/heygem doctor

bench: setup
	$(BIN)/python -m benchmarks

clean:
	rm -rf .venv .venv-lock .venv-newest .venv-mutation demo-output build *.egg-info
