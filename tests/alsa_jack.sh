#!/bin/sh
set -eu
cd "$(dirname "$0")/.."
command -v jackd >/dev/null || { echo "skipped: no jackd"; exit 0; }
find /usr/lib /usr/lib64 -name libasound_module_pcm_jack.so 2>/dev/null | grep -q . || { echo "skipped: ALSA has no JACK plugin"; exit 0; }
work=$(mktemp -d)
name="barline-test-$$"
trap 'kill "$jack" 2>/dev/null || true; rm -rf "$work"' EXIT
jack=
printf '%s\n' '</usr/share/alsa/alsa.conf>' \
    'pcm.!default { type plug slave.pcm "loud" }' \
    'pcm.loud { type jack playback_ports { 0 system:playback_1 1 system:playback_2 } }' >"$work/asound.conf"
export JACK_DEFAULT_SERVER="$name" JACK_NO_AUDIO_RESERVATION=1 JACK_NO_START_SERVER=1
jackd -R -n "$name" -d dummy -r 48000 -p 256 >"$work/jackd.log" 2>&1 &
jack=$!
jack_wait -s "$name" -w -t 10 >/dev/null 2>&1 || sleep 2
kill -0 "$jack" 2>/dev/null || { cat "$work/jackd.log"; exit 1; }
ALSA_CONFIG_PATH="$work/asound.conf" ${CARGO:-cargo} test --release --no-default-features --test device -- --ignored --nocapture
