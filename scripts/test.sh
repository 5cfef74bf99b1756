#!/usr/bin/env bash
# Every test, one step after the other; prints what each step took and fails when any of them failed.
#
# Everything uses the release profile and one target folder: llama.cpp is built once (by the lint step, which every later step shares),
# and not at all before the steps that do without it.
set -uo pipefail
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}

# Where abc2midi is packaged for sure, a test that misses it has failed, not been skipped.
if [ "${CI:-}" = true ] && [ -e /etc/debian_version ]; then
    export BARLINE_REQUIRE_ABC2MIDI=1
fi
if [ -z "${BARLINE_CORPORA:-}" ] && [ ! -d ../shared/abc ] && [ -d corpus ]; then
    export BARLINE_CORPORA=corpus
fi

table=
passed=0
failed=0
step() {
    local name=$1 start took
    shift
    printf '\n== %s: %s\n' "$name" "$*"
    start=$SECONDS
    if "$@"; then
        outcome=passed
        passed=$((passed + 1))
    else
        outcome=FAILED
        failed=$((failed + 1))
    fi
    took=$((SECONDS - start))
    printf '== %s: %s, %d s\n' "$name" "$outcome" "$took"
    table+=$(printf '%6d s  %-7s %s' "$took" "$outcome" "$name")$'\n'
}

step "setup" scripts/setup.sh test
if [ "$failed" -gt 0 ]; then exit 1; fi
# With JACK where its headers are there; the model's libraries are built no second time for it.
jack=
if pkg-config --exists jack 2>/dev/null; then jack="--features jack"; else echo "test: without JACK, whose headers are missing"; fi
step "format" "$cargo" fmt --check
step "tests without the model" "$cargo" test --release --locked --no-default-features
step "lint" "$cargo" clippy --release --locked --all-targets $jack -- -D warnings
step "tests" "$cargo" test --release --locked $jack
for script in tests/*.sh; do
    step "$script" sh "$script"
done

printf '\n%s%6d s  in all\n\nsteps: %d passed, %d failed\n' "$table" "$SECONDS" "$passed" "$failed"
[ "$failed" = 0 ]
