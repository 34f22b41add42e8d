#!/bin/sh
# Finds Chromium for the browser tests, or installs Debian's where that is possible.
set -eu

for candidate in "${CHROMIUM_PATH:-}" "$(command -v chromium || true)" "$(command -v chromium-browser || true)" "$(command -v google-chrome || true)"; do
  if [ -n "$candidate" ] && [ -x "$candidate" ]; then
    exit 0
  fi
done

how="install Chromium, or set CHROMIUM_PATH to a Chromium or Chrome; without it the browser tests are skipped"
if ! command -v apt-get >/dev/null 2>&1; then
  echo "No Chromium was found and there is no apt-get here: $how." >&2
  exit 0
fi
if [ "$(id -u)" = 0 ]; then
  as_root=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
  as_root="sudo -n"
else
  echo "No Chromium was found and installing it needs root: sudo apt-get install chromium, or $how." >&2
  exit 0
fi
echo "Installing Debian's Chromium for the browser tests …"
if ! { DEBIAN_FRONTEND=noninteractive $as_root apt-get -qq update \
    && DEBIAN_FRONTEND=noninteractive $as_root apt-get -qq install -y --no-install-recommends chromium fonts-noto-core fonts-dejavu-core fonts-wqy-microhei; } >/dev/null; then
  echo "Chromium could not be installed: $how." >&2
fi
