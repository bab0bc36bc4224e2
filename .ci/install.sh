#!/usr/bin/env bash
# Everything that has to be downloaded: install.sh <python> <turns>. System packages only when missing and only as root.
set -euo pipefail
python=$1 turns=$2

packages=()
command -v "$python" >/dev/null || packages+=(python3 python3-venv python3-dev)
"$python" -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3-venv)
"$python" -c 'import os, sys, sysconfig as s; sys.exit(not os.path.exists(s.get_paths()["include"] + "/Python.h"))' \
    2>/dev/null || packages+=(python3-dev)
for tool in g++ make git; do
    command -v "$tool" >/dev/null || packages+=("$tool")
done
[[ "$turns" != *memcheck* ]] || [[ -e /usr/include/valgrind/memcheck.h ]] || packages+=(valgrind)

if ((${#packages[@]})); then
    if [[ $(id -u) != 0 ]]; then
        echo "missing, and only root can install them: apt-get install --no-install-recommends ${packages[*]}" >&2
        exit 1
    fi
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"
fi

sh scripts/preflight.sh "$python"
[[ -x .venv/bin/python ]] || "$python" -m venv .venv
# shellcheck disable=SC2046  # one requirement a word
.venv/bin/python -m pip install --quiet \
    $(.venv/bin/python scripts/extras.py runtime models demo bench test lint docs native)
# pyhrv is there for a file of its data (Makefile), without what it would need to run.
problems=$(.venv/bin/python -m pip check | grep -Ev '^(pyhrv |No broken requirements)' || true)
[[ -z $problems ]] || { printf '%s\n' "$problems" >&2; exit 1; }
