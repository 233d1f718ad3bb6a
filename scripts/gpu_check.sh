#!/bin/sh
# Everything that a GPU changes, measured in at most 8 minutes; results as JSON.
#
#   scripts/gpu_check.sh [--model FOLDER_OR_GGUF] [--out FILE] [--rehearse]
#
# PYTHON names the interpreter (python3), one that holds torch and transformers. WHEELS names a
# folder of wheels of what else it lacks, for a machine without a network; they are unpacked into a
# folder of their own.
set -eu
cd "$(dirname "$0")/.."
python="${PYTHON:-python3}"
if [ -n "${WHEELS:-}" ]; then
    packages="$(mktemp -d)"
    "$python" -m pip install --quiet --no-index --no-deps --target "$packages" "$WHEELS"/*.whl
    # what is there already comes first: torch and all that was built for it
    export PYTHONPATH="$PWD:${PYTHONPATH:-}"
    export GPU_CHECK_PACKAGES="$packages"
else
    export PYTHONPATH="$PWD:${PYTHONPATH:-}"
fi
exec "$python" scripts/gpu_check.py "$@"
