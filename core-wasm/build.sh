#!/bin/bash
# Builds core-wasm/core.wasm, and core.wasm.sources, which records what it was built from.
#
#   build.sh            Build both.
#   build.sh --check    Build twice, in two directories, and compare the bytes. If the compiler is the one that
#                       core.wasm.sources names, compare them with core.wasm too. Otherwise test the new build.
#   --debian            Use Debian's rustc-web and rust-web-src, even if rustup has the target.
#
# Needs the target wasm32-unknown-unknown (rustup adds it), or Debian's packages rustc-web and rust-web-src.
set -euo pipefail
shopt -s inherit_errexit
export LC_ALL=C
cd "$(dirname "$0")/.."
root=$PWD

check= debian=
for argument; do
    case $argument in
    --check) check=yes ;;
    --debian) debian=yes ;;
    *) sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
done

say() { printf 'build.sh: %s\n' "$*" >&2; }

# Flags, profiles and compilers from the environment would change the bytes.
for variable in $(compgen -e); do
    case $variable in
    RUSTFLAGS | RUSTC | RUSTC_WRAPPER | RUSTC_WORKSPACE_WRAPPER | CARGO_ENCODED_RUSTFLAGS) unset "$variable" ;;
    CARGO_BUILD_* | CARGO_PROFILE_* | CARGO_TARGET_WASM32_* | RUSTC_BOOTSTRAP) unset "$variable" ;;
    esac
done

profile=(
    --config 'profile.release.opt-level="s"'
    --config 'profile.release.lto=true'
    --config 'profile.release.codegen-units=1'
    --config 'profile.release.panic="abort"'
    --config 'profile.release.strip=true'
)
# The stack is four times what the deepest request that serde_json parses needs. It comes first in memory, so an overflow traps.
flags=(-Clink-arg=-zstack-size=262144 -Clink-arg=--stack-first)

rustc=rustc sysroot=$(rustc --print sysroot) std=()
if [ -z "$debian" ] && { [ -d "$sysroot/lib/rustlib/wasm32-unknown-unknown" ] \
    || timeout 120 rustup target add wasm32-unknown-unknown >&2; }; then
    say "with the target of $(rustc --version)"
elif [ -x /usr/bin/rustc ] && [ -d "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library" ]; then
    rustc=/usr/bin/rustc std=(-Zbuild-std=std,panic_abort)
    export RUSTC=$rustc RUSTC_BOOTSTRAP=1
    linker=$(compgen -G "$sysroot/lib/rustlib/*/bin/rust-lld" || command -v wasm-ld || command -v rust-lld) \
        || { say 'no linker for WASM: neither rust-lld nor wasm-ld is here'; exit 1; }
    flags+=("-Clinker=$linker")
    sysroot=$(/usr/bin/rustc --print sysroot)
    say "with the library's source and $(/usr/bin/rustc --version)"
else
    say 'no compiler for WASM; run `rustup target add wasm32-unknown-unknown`, or install rustc-web and rust-web-src'
    exit 1
fi
commit=$("$rustc" -vV | sed -n 's/^commit-hash: //p')
host=$("$rustc" -vV | sed -n 's/^host: //p')
toolchain="$("$rustc" --version) on $host"

# Paths of this machine must not appear in the bytes. If two prefixes match, rustc applies the last one.
cargo fetch --locked --quiet
for directory in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/; do
    flags+=("--remap-path-prefix=${directory%/}=/crates")
done
library=$sysroot/lib/rustlib/src/rust
for directory in "$library" "$(readlink -f "$library" || true)"; do
    [ -n "$directory" ] && flags+=("--remap-path-prefix=$directory=/rustc/$commit")
done

# Builds the workspace in $1 with the target directory $2, and prints the path of the module.
build() {
    local encoded
    encoded=$(printf '%s\x1f' "${flags[@]}" "--remap-path-prefix=$1=/baton")
    (cd "$1" && CARGO_ENCODED_RUSTFLAGS=${encoded%?} cargo rustc "${profile[@]}" "${std[@]}" --locked --release \
        --package agent-baton-core --lib --crate-type cdylib --target wasm32-unknown-unknown --target-dir "$2" >&2)
    echo "$2/wasm32-unknown-unknown/release/agent_baton_core.wasm"
}

# Prints what core-wasm/core.wasm was built from.
sources() (
    cd core-wasm
    echo '# What core.wasm was built from. build.sh writes this file, and core-wasm/tests/it/wasm_sources.rs compares it with the sources.'
    echo "toolchain $toolchain"
    { echo core.wasm; echo build.sh; echo Cargo.toml; find src -name '*.rs' | sort; } | xargs sha256sum
    cargo tree --locked --package agent-baton-core --edges normal,build --target wasm32-unknown-unknown --prefix none \
        --format '{p}' | sed -n 's/^\([^ ]*\) v\([^ ]*\)\( (proc-macro)\)\{0,1\}\( (\*)\)\{0,1\}$/\1 \2/p' | sort -u \
        | while read -r name version; do
            awk -v name="name = \"$name\"" -v version="version = \"$version\"" -v line="locked $name $version" '
                $0 == name { found = 1 } $0 == "" { found = fits = 0 } found && $0 == version { fits = 1 }
                fits && $1 == "checksum" { gsub(/"/, "", $3); print line, $3 }' ../Cargo.lock
        done
)

target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
module=$(build "$root" "$target/core-wasm")

# Installs the module.
place() {
    local made_of
    # This writes the file instead of copying it, so that the module does not become executable.
    cat "$module" >core-wasm/core.wasm
    made_of=$(sources)
    printf '%s\n' "$made_of" >core-wasm/core.wasm.sources
}

if [ -z "$check" ]; then
    place
    say "core-wasm/core.wasm: $(wc -c <core-wasm/core.wasm) bytes"
    exit
fi

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
tar -c --exclude=./target --exclude=./.git . | tar -x -C "$copy"
again=$(build "$copy" "$copy/target/core-wasm")
cmp "$module" "$again" || { say 'two builds of the same sources differ'; exit 1; }
say 'two builds in two directories gave the same bytes'

if grep -qxF "toolchain $toolchain" core-wasm/core.wasm.sources; then
    cmp "$module" core-wasm/core.wasm || { say 'core.wasm is not what its sources give; run core-wasm/build.sh'; exit 1; }
    say 'core.wasm is what its sources give'
else
    say "core.wasm was made by another compiler than $toolchain: testing the new build in its place"
    cp core-wasm/core.wasm core-wasm/core.wasm.sources "$copy"
    trap 'for file in core.wasm core.wasm.sources; do cat "$copy/$file" >"core-wasm/$file"; done; rm -rf "$copy"' EXIT
    place
    unset RUSTC RUSTC_BOOTSTRAP
    cargo test --locked --workspace --test it wasm_sources::
    cargo test --locked --workspace --test it parity::
    cargo test --locked --workspace --lib -- --skip slow::
fi
