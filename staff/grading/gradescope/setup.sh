#!/usr/bin/env bash
# Run once by Gradescope, as root, while the image is built: an environment of our own, beside the
# system's python3, on which Gradescope's harness runs.
set -euo pipefail

main() {
  local source="${AUTOGRADER_ROOT:-/autograder}/source"
  local venv="${GRADER_VENV:-/opt/grader}"
  . "$source/settings.sh"
  constraints="$source/constraints.txt"
  local python=""
  for name in python3.13 python3.12 python3.11; do
    if command -v "$name" > /dev/null; then python="$name"; break; fi
  done
  if [ -z "$python" ]; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq python3.11 python3.11-venv
    python=python3.11
  fi
  "$python" -m venv "$venv"
  if [ -n "$TORCH_INDEX" ]; then
    install --index-url "$TORCH_INDEX" torch torchvision
  fi
  install -r "$source/requirements.txt"
  "$venv/bin/python" -I -B "$source/kit/staff/grading/gradescope/image.py"
  chmod -R a+rX "$venv"             # students' code runs as another user, and imports from here
  chmod -R u=rwX,go= "$source"      # expected values: nobody else's to read
  chmod 755 "$source/run_autograder"
}

# The versions that this release was tried with, or, when one is not available, none of them: another torch
# must not be put in the place of the one from TORCH_INDEX.
constraints=""
install() {
  if [ -n "$constraints" ]; then
    "$venv/bin/python" -m pip install --quiet -c "$constraints" "$@" && return
    echo "the versions in constraints.txt are not available; taking what requirements.txt allows"
    constraints=""
  fi
  "$venv/bin/python" -m pip install --quiet "$@"
}

main "$@"
