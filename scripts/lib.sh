# What the scripts share. Sourced, never run.
# shellcheck shell=bash

# The repository's root, whatever directory the script was called from.
# shellcheck disable=SC2034 # used by those who source this
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '==> %s\n' "$*"; }

warn() { printf 'warning: %s\n' "$*" >&2; }

# Ends the script with one line.
fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# The bin directory of the newest PostgreSQL server that is installed; nothing when there is none.
postgres_bin() {
    local initdb
    if [ -n "${DATASHIELD_POSTGRES_BIN:-}" ]; then
        printf '%s\n' "$DATASHIELD_POSTGRES_BIN"
        return
    fi
    initdb=$(printf '%s\n' /usr/lib/postgresql/*/bin/initdb | sort -V | tail -n 1)
    if [ -x "$initdb" ]; then
        dirname "$initdb"
    elif command -v initdb >/dev/null; then
        dirname "$(command -v initdb)"
    fi
}

# Where throw-away databases are kept: in memory where there is plenty of it. A database is made of a thousand files, and the tests make a thousand
# databases; on a disk that takes longer than all that they do with them.
database_room() {
    local room memory limit
    room=$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1)
    memory=$(awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo)
    # A container may have less than the machine.
    limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || true)
    if [[ $limit =~ ^[0-9]+$ ]] && [ $((limit / 1024)) -lt "${memory:-0}" ]; then memory=$((limit / 1024)); fi
    if [ "${room:-0}" -ge 3000000 ] && [ "${memory:-0}" -ge 6000000 ] && [ -w /dev/shm ]; then
        printf '%s\n' /dev/shm
    else
        printf '%s\n' "${TMPDIR:-/tmp}"
    fi
}

# Whether something answers on a port of the loopback address.
port_in_use() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# Ends with one line when the Swift toolchain is missing or too old for the manifest.
require_swift() {
    local wanted_major=6 wanted_minor=2 output version major minor
    command -v swift >/dev/null \
        || fail "no Swift toolchain: 'swift' is not on PATH. Install Swift $wanted_major.$wanted_minor or newer (https://www.swift.org/install/linux/)."
    output=$(swift --version 2>&1) || fail "the Swift toolchain does not run: $(head -n 1 <<<"$output")"
    version=$(sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' <<<"$output" | head -n 1)
    [ -n "$version" ] || fail "'swift --version' names no version: $(head -n 1 <<<"$output")"
    major=${version%%.*}
    minor=${version#*.}
    minor=${minor%%.*}
    if [ "$major" -lt "$wanted_major" ] || { [ "$major" -eq "$wanted_major" ] && [ "$minor" -lt "$wanted_minor" ]; }; then
        fail "Swift $version is too old: Swift $wanted_major.$wanted_minor or newer is needed (https://www.swift.org/install/linux/)."
    fi
}

# Makes a Python environment with exactly the packages of a requirements.txt, by the hashes in it, unless it has them already.
#   python_packages VENV REQUIREMENTS WHOSE
python_packages() {
    local venv=$1 requirements=$2 whose=$3 python=python3
    # The interpreter with a working venv module: Debian's own where another one is first on PATH and has none.
    "$python" -c 'import ensurepip, venv' 2>/dev/null || python=/usr/bin/python3
    cmp -s "$requirements" "$venv/installed.txt" && "$venv/bin/python" -c '' 2>/dev/null && return
    say "Installing $whose Python packages into $venv"
    "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
        || warn "$requirements is for Python 3.11, and $("$python" --version) may need other wheels: scripts/lock-python writes it anew."
    rm -rf "$venv"
    "$python" -m venv "$venv"
    # No source archives: what builds them is named nowhere.
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-input --no-deps --require-hashes --only-binary :all: -r "$requirements"
    cp "$requirements" "$venv/installed.txt"
}
