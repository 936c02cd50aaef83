#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Installs the Debian packages of scripts/packages.txt that are missing.
# With root or password-less sudo it installs them; otherwise it prints the line to run and fails.
# Usage: deps.sh [--list]
set -eu
here=$(cd "$(dirname "$0")" && pwd)

list()
{
	sed -e 's/#.*//' "$here/packages.txt" | awk 'NF { print $1 }'
}

if [ "${1:-}" = --list ]; then
	list
	exit 0
fi
if ! command -v dpkg-query >/dev/null; then
	echo "deps: not a Debian system; these packages (or their likes) are needed:" >&2
	list >&2
	exit 1
fi

missing=
for p in $(list); do
	s=$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null || true)
	[ "$s" = installed ] || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

run=
if [ "$(id -u)" -ne 0 ]; then
	if sudo -n true 2>/dev/null; then
		run="sudo -n"
	else
		echo "deps: packages are missing. Please run:" >&2
		echo "  sudo apt-get install --no-install-recommends$missing" >&2
		exit 1
	fi
fi
echo "deps: installing$missing"
apt="$run env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq"
# shellcheck disable=SC2086
if ! $apt install --no-install-recommends -y $missing >/dev/null 2>&1; then
	$apt update >/dev/null
	$apt install --no-install-recommends -y $missing >/dev/null
fi
