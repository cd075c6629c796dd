# make grade [HW=hw1]   grade your work          make test    the kit's own tests (staff)
# make stubs | answers  remake from solutions    make lint    ruff
# The environment is made on first use; VENV=path puts it elsewhere.
VENV   ?= .venv
PYTHON ?= python3
HW     ?=

bin    := $(VENV)/bin
ready  := $(VENV)/.ready-students
staff  := $(VENV)/.ready-staff

.DEFAULT_GOAL := grade
.PHONY: grade test lint stubs answers verify release setup

grade: $(ready)
	@$(bin)/python -m autograder $(HW) || [ $$? -eq 1 ]

test: $(staff)
	@$(bin)/python -m pytest tests

lint: $(staff)
	@$(bin)/python -m ruff check .

stubs answers verify release: $(staff)
	@$(bin)/python -m staff $@ $(HW)

setup: $(ready)

$(ready): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12"; exit 2; }
	@[ -x $(bin)/python ] || $(PYTHON) -m venv $(VENV)
	@echo "Setting up $(VENV) (once; a few minutes on a slow connection) ..."
	@$(bin)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(staff): $(ready) staff/requirements.txt
	@$(bin)/python -m pip install --quiet --disable-pip-version-check -r staff/requirements.txt
	@touch $@
