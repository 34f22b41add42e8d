#!/bin/sh
# Finds PostgreSQL with PostGIS for the tests with pgstac, or installs Debian's where that is possible.
set -eu

there() {
  for folder in /usr/share/postgresql/*/extension; do
    version=$(basename "$(dirname "$folder")")
    [ -e "$folder/postgis.control" ] && [ -x "/usr/lib/postgresql/$version/bin/initdb" ] && return 0
  done
  return 1
}

how="install PostgreSQL 13 or later with PostGIS 3; without them the tests with pgstac are skipped"
if there; then
  exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
  echo "No PostGIS was found and there is no apt-get here: $how." >&2
  exit 0
fi
if [ "$(id -u)" = 0 ]; then
  as_root=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
  as_root="sudo -n"
else
  echo "No PostGIS was found and installing it needs root: sudo apt-get install postgresql postgis, or $how." >&2
  exit 0
fi
echo "Installing Debian's PostgreSQL and PostGIS for the tests with pgstac …"
if ! { DEBIAN_FRONTEND=noninteractive $as_root apt-get -qq update \
    && version=$(apt-cache search '^postgresql-[0-9]+-postgis-3$' | sed -n 's/^postgresql-\([0-9]*\)-postgis-3 .*/\1/p' | sort -n | tail -1) \
    && [ -n "$version" ] \
    && DEBIAN_FRONTEND=noninteractive $as_root apt-get -qq install -y --no-install-recommends "postgresql-$version" "postgresql-$version-postgis-3"; } >/dev/null; then
  echo "PostGIS could not be installed: $how." >&2
fi
