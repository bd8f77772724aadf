# Make a virtual environment with Python 3.11 or 3.12, or say what is missing.
# Usage: make_venv.sh FOLDER
set -eu
folder=$1
for name in "${PYTHON:-}" python3.11 python3.12 python3 python; do
    [ -n "$name" ] || continue
    if "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; then
        if ! "$name" -c 'import ensurepip, venv' 2>/dev/null; then
            echo "$name has no venv module. On Debian or Ubuntu: apt-get install ${name}-venv" >&2
            exit 1
        fi
        if [ -n "$("$folder/bin/python" -c 'import sys; print(*sys.version_info[:2])' 2>/dev/null)" ] &&
            [ "$("$folder/bin/python" -c 'import sys; print(*sys.version_info[:2])')" = \
              "$("$name" -c 'import sys; print(*sys.version_info[:2])')" ]; then
            exit 0
        fi
        # An environment made for another interpreter is made anew.
        exec "$name" -m venv --clear "$folder"
    fi
done
echo "Python 3.11 or 3.12 was not found. Install it, or name it: make PYTHON=/path/to/python3.11" >&2
exit 1
