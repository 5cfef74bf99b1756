#!/bin/sh
# Installs what the system lacks for building (play), testing (test) or training (train). Says what it does; does nothing when all is there.
#
#   scripts/setup.sh [play|test|train]
set -eu
purpose=${1:-play}

say() { printf 'setup: %s\n' "$*"; }
stop() { printf 'setup: %s\n' "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }
# Whether one of these paths exists; patterns that match nothing stay as they are and do not.
exists() { for path in "$@"; do [ ! -e "$path" ] || return 0; done; return 1; }

case $purpose in play | test | train) ;; *) echo "usage: scripts/setup.sh [play|test|train]" >&2; exit 2 ;; esac

# Which system

system=unknown
if [ "$(uname -s)" = Darwin ]; then
    system=macos
elif [ -r /etc/os-release ]; then
    case " $(. /etc/os-release && echo "${ID:-} ${ID_LIKE:-}") " in
    *" debian "* | *" ubuntu "*) system=debian ;;
    *" fedora "* | *" rhel "*) system=fedora ;;
    *" arch "*) system=arch ;;
    esac
fi

# What is needed, and whether it is there

libclang() {
    [ -z "${LIBCLANG_PATH:-}" ] || return 0
    [ "$system" != macos ] || return 0 # part of the command line tools, as the compiler
    # The library alone is not enough, it needs the compiler's own headers as well.
    exists /usr/lib/llvm-*/lib/libclang*.so* /usr/lib/*/libclang*.so* /usr/lib*/libclang*.so* /usr/local/lib*/libclang*.so* &&
        exists /usr/lib/llvm-*/lib/clang/*/include/stddef.h /usr/lib*/clang/*/include/stddef.h /usr/local/lib*/clang/*/include/stddef.h
}

there() {
    case $1 in
    compiler) has c++ || has g++ || has clang++ ;;
    cmake) has cmake ;;
    pkg-config) has pkg-config || [ "$system" = macos ] ;;
    libclang) libclang ;;
    alsa) [ "$system" = macos ] || { has pkg-config && pkg-config --exists alsa; } ;;
    abc2midi) has abc2midi ;;
    sox) has sox ;;
    tmux) has tmux ;;
    jackd) [ "$system" = macos ] || has jackd ;;
    jack) [ "$system" = macos ] || { has pkg-config && pkg-config --exists jack; } ;;
    alsa-jack) [ "$system" = macos ] || exists /usr/lib/*/alsa-lib/libasound_module_pcm_jack.so /usr/lib*/alsa-lib/libasound_module_pcm_jack.so ;;
    python) has python3 && python3 -c 'import ensurepip, venv' 2>/dev/null ;;
    esac
}

package() {
    case $system:$1 in
    debian:compiler) echo g++ ;;
    debian:libclang) echo libclang-dev ;;
    debian:alsa) echo libasound2-dev ;;
    debian:abc2midi) echo abcmidi ;;
    debian:jackd) echo jackd2 ;;
    debian:jack) echo libjack-jackd2-dev ;;
    debian:alsa-jack) echo libasound2-plugins ;;
    debian:python) echo python3 python3-venv ;;
    fedora:compiler) echo gcc-c++ ;;
    fedora:pkg-config) echo pkgconf-pkg-config ;;
    fedora:libclang) echo clang-devel ;;
    fedora:alsa) echo alsa-lib-devel ;;
    fedora:abc2midi) echo abcMIDI ;;
    fedora:jackd) echo jack-audio-connection-kit ;;
    fedora:jack) echo jack-audio-connection-kit-devel ;;
    fedora:alsa-jack) echo alsa-plugins-jack ;;
    fedora:python) echo python3 ;;
    arch:compiler) echo gcc ;;
    arch:pkg-config) echo pkgconf ;;
    arch:libclang) echo clang ;;
    arch:alsa) echo alsa-lib ;;
    arch:abc2midi) echo abcmidi ;;
    arch:jackd | arch:jack) echo jack2 ;;
    arch:alsa-jack) echo alsa-plugins ;;
    arch:python) echo python ;;
    macos:abc2midi) echo abcmidi ;;
    macos:python) echo python ;;
    *) echo "$1" ;;
    esac
}

needed="compiler cmake pkg-config libclang alsa"
wished=
case $purpose in
test)
    # Not every system packages all of these; what stays missing is a test that says it was skipped.
    if [ "$system" = debian ]; then needed="$needed abc2midi python"; else wished="$wished abc2midi python"; fi
    wished="$wished sox tmux jackd jack alsa-jack"
    ;;
train) needed=python ;;
esac

missing_of() {
    for tool in "$@"; do there "$tool" || printf '%s ' "$tool"; done
}
packages_of() {
    for tool in "$@"; do printf '%s ' "$(package "$tool")"; done
}

# Installing

may_install() { [ "$system" = macos ] || [ "$(id -u)" = 0 ] || has sudo; }
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

fresh_lists=
refresh() {
    if [ "$system" != debian ] || [ -n "$fresh_lists" ]; then return 0; fi
    fresh_lists=yes
    say "apt-get update"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq || say "the package lists could not be renewed; going on with what is there"
}

install() {
    case $system in
    debian) as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null ;;
    fedora) as_root dnf install -y -q "$@" ;;
    arch) as_root pacman -S --needed --noconfirm --quiet "$@" ;;
    macos) HOMEBREW_NO_AUTO_UPDATE=1 brew install --quiet "$@" ;;
    esac
}

missing=$(missing_of $needed)
if [ -n "$missing" ]; then
    names=$(packages_of $missing)
    case $system in
    unknown) stop "this system is not one that setup knows. Please install: $missing" ;;
    macos)
        if ! there compiler; then stop "the compiler is missing; run 'xcode-select --install', then start again"; fi
        has brew || stop "please install Homebrew (https://brew.sh), or by other means: $missing"
        ;;
    esac
    may_install || stop "missing: $missing- installing needs root, and there is no sudo here. As root, please install: ${names% }"
    say "missing: $missing- installing ${names% }"
    refresh
    # shellcheck disable=SC2086 # several names
    install $names || stop "that did not work. Please install by hand: ${names% }"
    still=$(missing_of $needed)
    [ -z "$still" ] || stop "installed, but still not found: $still"
fi

for tool in $(missing_of $wished); do
    name=$(package "$tool")
    if [ "$system" = unknown ] || ! may_install || { [ "$system" = macos ] && ! has brew; }; then
        say "$tool is missing; tests that use it will be skipped"
        continue
    fi
    say "missing: $tool - installing $name"
    refresh
    if ! (install "$name") || ! there "$tool"; then
        say "$tool could not be installed here; tests that use it will be skipped"
    fi
done

# Rust is the user's own affair: it is checked, never installed.

if [ "$purpose" != train ]; then
    cargo=${CARGO:-cargo}
    has "$cargo" || stop "Rust is missing; install it with rustup (https://rustup.rs), then start again"
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$(dirname "$0")/../Cargo.toml")
    found=$("$cargo" --version | sed 's/^cargo \([0-9]*\.[0-9]*\).*/\1/')
    older=$(printf '%s\n%s\n' "$wanted" "$found" | sort -t. -k1,1n -k2,2n | head -n 1)
    [ "$older" = "$wanted" ] || stop "Rust $found is too old, $wanted is needed; run 'rustup update', then start again"
fi
if [ "$purpose" = test ]; then
    for component in fmt clippy; do
        "$cargo" $component --version >/dev/null 2>&1 && continue
        part=$component
        [ $component != fmt ] || part=rustfmt
        has rustup || stop "cargo $component is missing; install it the way Rust was installed"
        say "rustup component add $part"
        rustup component add "$part"
    done
fi
