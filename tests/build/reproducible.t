#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The same sources give the same bytes, wherever they lie: the hypervisor, a bare guest and the minibus
# command are built a second time from a copy in another directory, with another umask and time zone.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
plan 4

build()		# build SOURCE BUILD
{
	make -s -C "$1" BUILD="$2" BUILD_ID=test SOURCE_DATE_EPOCH=1700000000 -j2 hv tools guests
}

mkdir -p "$dir/deep/er"
git ls-files --cached --others --exclude-standard -z | xargs -0 cp --parents -t "$dir/deep/er" 2>/dev/null
ok "first build" build "$PWD" "$dir/one"
ok "second build" env TZ=Asia/Tokyo bash -c 'umask 077; cd "$0" && make -s BUILD="$1" BUILD_ID=test \
	SOURCE_DATE_EPOCH=1700000000 -j2 hv tools guests' "$dir/deep/er" "$dir/two"
same()		# same FILE...: each is equal in both builds
{
	local f
	for f in "$@"; do
		[ ! -e "$dir/one/$f" ] || cmp "$dir/one/$f" "$dir/two/$f" || return 1
	done
}
ok "the hypervisor is the same" same minibus hv.elf
ok "guests and the command are the same" same minibus-cli guests/basic.elf guests/ipi.elf
tap_end
