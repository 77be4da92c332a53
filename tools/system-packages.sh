#!/usr/bin/env bash
# Install the system packages that the tests need, or say which are missing.
# Nothing is done where everything is there already, so a second run costs no time.
set -euo pipefail

missing=()
need() { # need PACKAGE TEST...: remember PACKAGE unless TEST succeeds
  local package=$1
  shift
  "$@" >/dev/null 2>&1 || missing+=("$package")
}
library() { # library NAME: is the shared library known to the dynamic linker?
  PATH="$PATH:/sbin:/usr/sbin" ldconfig -p | grep -F "$1" # not -q: it would end ldconfig by a broken pipe
}

if [ "$(uname -s)" != Linux ]; then
  echo "The tests with real VST3 and LV2 plugins run on Linux: they use zam-plugins and dpf-source, as Debian packages them." >&2
  exit 1
fi

need g++ command -v g++
need dpf-source test -d /usr/share/dpf/distrho
need zam-plugins test -d /usr/lib/vst3/ZamCompX2.vst3
need libasound2 library libasound.so.2
need libportaudio2 library libportaudio.so.2
need jackd2 command -v jackd
need librsvg2-bin command -v rsvg-convert

[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ]; then
  root=()
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  root=(sudo -n)
else
  root=(none)
fi

if ! command -v apt-get >/dev/null || [ "${root[*]-}" = none ]; then
  {
    echo "The tests need these system packages (Debian names): ${missing[*]}"
    echo "Install them, for example with: sudo apt-get install ${missing[*]}"
  } >&2
  exit 1
fi

echo "Installing system packages for the tests: ${missing[*]}"
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
