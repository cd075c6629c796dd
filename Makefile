# make grade             set up, then grade all homeworks
# make grade HW=hw1      one homework
# make experiments       train everything that is asked for; HW=hw1 for one, DATA=glyphs (or a folder) for
#                        other data; resumes what was stopped
# make compare           one problem, five answers: your own methods in one picture
# make doctor            what works on this machine, or why it could not be set up
# make grade TORCH=cpu   the first time, on Linux without a GPU: a torch of 0.2 GB
# The environment is made on first use; VENV=path puts it elsewhere. It gets the versions that this release
# was tried with, or with CONSTRAINTS= the newest; one that has all of requirements.txt stays as it is.
VENV   ?= .venv
PYTHON ?= python3
HW     ?=
DATA   ?=
TORCH  ?= default
CONSTRAINTS ?= $(wildcard constraints.txt)

# what would change how Python starts, or where pip installs
unexport PYTHONSAFEPATH PYTHONOPTIMIZE PYTHONHOME PIP_USER

empty :=
bin   := $(VENV)/bin
ready := $(subst $(empty) ,\ ,$(VENV))/.ready# a name with spaces is one name

.DEFAULT_GOAL := grade
.PHONY: grade experiments compare doctor setup no-shadows

grade: $(ready)
	@"$(bin)/python" -m autograder $(HW) || [ $$? -eq 1 ]

experiments: $(ready)
	@"$(bin)/python" -m common.experiments $(HW) $(if $(DATA),--data "$(DATA)")

compare: $(ready)
	@"$(bin)/python" -m common.compare

doctor: $(ready)
	@"$(bin)/python" -m autograder doctor

setup: $(ready)

# a types.py here would end Python before our first line
no-shadows:
	@python="$(bin)/python"; [ -x "$$python" ] || python="$(PYTHON)"; \
	  "$$python" -I -S common/kit/shadows.py || [ $$? -ne 2 ]

$(ready): requirements.txt $(wildcard constraints.txt) | no-shadows
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -m common.kit.set_up "$(VENV)" --torch $(TORCH) --constraints "$(CONSTRAINTS)"
	@touch "$(VENV)/.ready"
# begin staff

# make test              the kit's own tests          make lint | types   ruff, mypy
# make coverage          the same, and which lines no test runs: dist/coverage/index.html
# make demo              three attempts graded, a tiny run trained: what the kit does, in a minute
# make stubs | answers   remake from the solutions    make release  the students' archive
staff_ready := $(ready)-staff
.PHONY: test coverage demo lint types stubs answers verify release

test: $(staff_ready)
	@"$(bin)/python" -m pytest tests -n 2 --dist worksteal --durations 15

coverage: $(staff_ready)
	@mkdir -p dist/coverage && rm -f dist/coverage/data*
	-@"$(bin)/python" -m coverage run -m pytest tests -n 2 --dist worksteal
	@"$(bin)/python" -m coverage combine -q
	@"$(bin)/python" -m coverage html -q -d dist/coverage && "$(bin)/python" -m coverage report --skip-covered

demo: $(ready)
	@"$(bin)/python" -m staff demo

lint: $(staff_ready)
	@"$(bin)/python" -m ruff check . && "$(bin)/python" -m ruff format --check .

types: $(staff_ready)
	@"$(bin)/python" -m mypy

stubs answers verify release: $(staff_ready)
	@"$(bin)/python" -m staff $@ $(HW)

$(staff_ready): $(ready) staff/requirements.txt
	@$(PYTHON) -m common.kit.set_up "$(VENV)" --requirements staff/requirements.txt --constraints ""
	@touch "$(VENV)/.ready-staff"
# end staff
