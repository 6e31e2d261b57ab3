# make run        start the dashboard (the first time: install what it needs into .venv)
# make test       the checks that every change must pass
# make benchmark  time one move of the cutoff slider, and the search against R (if it is there)
# make soak       10,000 damaged files, 160 killed servers in the middle of saves, and simulated
#                 studies, some half an hour; writes the results into tests/soak and tests/simulation
# make lock       compile the exact versions anew from the ranges in pyproject.toml
# make clean      remove .venv and what the tools left behind
#
# Another Python: make PYTHON=python3.12 run
# Options for Streamlit: make run ARGS="--server.port 8600"

PYTHON ?= python3
# Two processes; a file's tests stay in one of them, so browser tests do not crowd each other.
PYTEST_ARGS ?= -n 2 --dist loadfile
ARGS ?=

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check
RUN_READY := $(VENV)/ready-to-run
TEST_READY := $(VENV)/ready-to-test

# The two stamps say that an installation was finished; while they are newer than the lists of
# versions, no installer runs, so that everything works without a network. When the Python behind
# .venv is gone (updated, removed), the stamps are worth nothing and everything is made again.
ifeq ($(shell $(PY) -c "print('works')" 2>/dev/null),)
$(shell rm -f $(RUN_READY) $(TEST_READY))
endif

.PHONY: run test benchmark soak lock clean check-python

run: $(RUN_READY)
	$(PY) -m streamlit run asgi.py $(ARGS)

test: $(TEST_READY)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy --strict core
	$(PY) -m pytest $(PYTEST_ARGS)

benchmark: $(TEST_READY)
	$(PY) -m benchmarks.slider
	if command -v Rscript > /dev/null; then $(PY) -m benchmarks.cutoffs; fi

# Fails when the server's side failed, a message quoted a cell or an answer took over 10 seconds.
soak: $(TEST_READY)
	$(PY) -m tests.soak.mutations
	$(PY) -m tests.soak.kills
	$(PY) -m tests.simulation.null
	$(PY) -m tests.simulation.stability

# Made from nothing each time: neither a half-finished installation nor packages that are no
# longer on the list survive.
$(RUN_READY): requirements.txt
	@$(MAKE) --no-print-directory check-python
	@echo "Installing into $(VENV); this happens once and takes a few minutes."
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --quiet --requirement requirements.txt
	@touch $@

$(TEST_READY): $(RUN_READY) tests/requirements.txt
	@echo "Installing the tools for the tests into $(VENV)."
	@$(PIP) install --quiet --requirement requirements.txt --requirement tests/requirements.txt
	@touch $@

check-python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2>/dev/null || \
	{ echo "Stratiscope needs Python 3.11 or 3.12, and '$(PYTHON)' is $$($(PYTHON) --version 2>&1 | head -n 1)." \
	"Name another one: make PYTHON=python3.12" >&2; exit 1; }

# The compiler of versions is installed into a folder that is thrown away: nobody needs it but
# those who change pyproject.toml. Universal: one list with markers for 3.11 and 3.12, Linux,
# macOS and Windows. The second list leaves out what the first one has.
COMPILE := compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-header
lock: check-python
	@set -eu; work=$$(mktemp -d); trap 'rm -rf "$$work"' EXIT; \
	$(PYTHON) -m venv "$$work/venv"; \
	"$$work/venv/bin/python" -m pip --disable-pip-version-check install --quiet uv; \
	compile() { "$$work/venv/bin/uv" pip $(COMPILE) "$$@" pyproject.toml; }; \
	compile --output-file "$$work/run.txt" > /dev/null; \
	{ echo "# Exact versions for Python 3.11 and 3.12, compiled from the ranges in pyproject.toml by \`make lock\`."; \
	  cat "$$work/run.txt"; } > requirements.txt; \
	compile --extra test --constraint requirements.txt --output-file "$$work/test.txt" \
	  $$(sed -n 's/^\([A-Za-z0-9._-]*\)==.*/--no-emit-package \1/p' requirements.txt) > /dev/null; \
	{ echo "# Exact versions of what only the tests need, compiled beside requirements.txt by \`make lock\`."; \
	  sed -e '/^# The following packages were excluded/,$$d' -e '/^$$/d' "$$work/test.txt"; } > tests/requirements.txt
	@echo "requirements.txt and tests/requirements.txt are compiled; now: make test"

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
