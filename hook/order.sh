#!/bin/bash
# Makes hook/order.txt: the functions that a heartbeat runs, which the linker puts side by side (see build.rs).
#
#   order.sh           write it anew: another compiler, or another version of a package, gives functions other names
#   order.sh --check   tell how many of its names the program has; fails where it is fewer than nine in ten
#
# Builds the release with the names of its functions, where the next build puts one without. Writing needs valgrind.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-target}
cargo rustc --locked --release --package agent-baton --bin baton -- -C strip=none
program=$(ls -t "$target"/*/release/baton | head -n 1)

if [ "${1:-}" = --check ]; then
    all=$(wc -l <hook/order.txt)
    there=$(nm "$program" | awk '{print $NF}' | sort -u | comm -12 - <(sort hook/order.txt) | wc -l)
    echo "order.sh: the program has $there of the $all functions in hook/order.txt"
    ((there * 10 >= all * 9)) || { echo 'order.sh: run hook/order.sh, or a call of the hook costs a quarter more' >&2; exit 1; }
    exit
fi

names=$(BATON_BIN=$program cargo run --locked --quiet --release --package agent-baton-tests --bin bench functions)
printf '%s\n' "$names" >hook/order.txt
echo "order.sh: $(wc -l <hook/order.txt) functions"
