#!/bin/sh
# Tests the page of `baton serve` in a real browser, with real agents' processes, hooks and panes.
#
#   view/tests/browser/run.sh                 all cases
#   view/tests/browser/run.sh live actions    those of these files
#
# Needs node and npm, tmux, and Chromium or Chrome (BATON_CHROMIUM names another one). Where one is missing, it says so and leaves the
# cases out. Where CI is set, it installs a browser, and fails if it cannot.
set -eu
cd "$(dirname "$0")"
root=$(cd ../../.. && pwd)

leave_out() {
    echo "SKIPPED: the page in a browser: $1"
    if [ -n "${CI:-}" ]; then exit 1; fi
    exit 0
}

find_browser() {
    for name in chromium google-chrome google-chrome-stable chromium-browser; do
        command -v "$name" && return
    done
    return 1
}

for program in node npm tmux; do
    command -v "$program" >/dev/null || leave_out "$program is not installed"
done
BATON_CHROMIUM=${BATON_CHROMIUM:-$(find_browser || true)}
if [ -z "$BATON_CHROMIUM" ] && [ -z "${CI:-}" ]; then leave_out "neither Chromium nor Chrome is installed"; fi
if ! cmp -s package-lock.json node_modules/.installed-lock; then
    npm ci --silent --no-audit --no-fund || leave_out "npm cannot install the packages of package-lock.json"
    cp package-lock.json node_modules/.installed-lock
fi
# Only in CI does this install a browser.
if [ -z "$BATON_CHROMIUM" ]; then node_modules/.bin/playwright-core install --with-deps chromium; fi
if [ -z "${BATON_PROGRAMS:-}" ]; then
    (cd "$root" && cargo build --quiet --locked --package agent-baton --package baton-view --bins)
    BATON_PROGRAMS=$(dirname "$(ls -t "$root"/target/*/debug/baton-view | head -n 1)")
fi
export BATON_CHROMIUM BATON_PROGRAMS
if [ $# = 0 ]; then set -- cases/*.test.mjs; else
    for name; do
        shift
        set -- "$@" "cases/$name.test.mjs"
    done
fi
exec node --test "$@"
