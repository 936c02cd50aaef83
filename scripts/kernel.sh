#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Fetches Debian's stock kernel and its headers with apt and unpacks them, so that nothing depends on
# the kernel that runs on the build machine. The kernel is the one linux-image-FLAVOUR depends on today;
# FLAVOUR is amd64 (every driver) or cloud-amd64 (fewer drivers, LZ4: boots fast where emulation is slow).
# Downloads are kept in $MINIBUS_CACHE (default ~/.cache/minibus); what is taken from there is checked
# against the hash that apt's signed index gives.
# Usage: kernel.sh DIR FLAVOUR      leaves in DIR: release (text), vmlinuz, modules/ and headers/ (symbolic links)
set -eu
dir=$1
meta=linux-image-$2
cache=${MINIBUS_CACHE:-$HOME/.cache/minibus}

die()
{
	echo "kernel.sh: $*" >&2
	exit 1
}

depends()	# depends PACKAGE PATTERN: the first package PACKAGE depends on that matches PATTERN
{
	apt-cache depends --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
		--no-enhances "$1" 2>/dev/null | awk -v p="$2" '$1 == "Depends:" && $2 ~ p { print $2; exit }'
}

field()		# field PACKAGE NAME: one line of the candidate's record
{
	apt-cache show --no-all-versions "$1" 2>/dev/null | awk -v n="$2:" '$1 == n { print $2; exit }'
}

fetch()		# fetch PACKAGE: sets deb to its file in the cache
{
	hash=$(field "$1" SHA256)
	deb=$cache/$(basename "$(field "$1" Filename)")
	[ -n "$hash" ] || die "apt has no record of $1"
	if ! echo "$hash  $deb" | sha256sum -c --status 2>/dev/null; then
		echo "kernel.sh: downloading $1"
		rm -f "$deb"
		tmp=$(mktemp -d "$cache/get.XXXXXX")
		(cd "$tmp" && apt-get -qq -o APT::Sandbox::User=root download "$1") ||
			die "cannot download $1"
		mv "$tmp"/*.deb "$deb"
		rmdir "$tmp"
		echo "$hash  $deb" | sha256sum -c --status || die "$deb: wrong hash"
	fi
}

mkdir -p "$cache"
image=$(depends "$meta" '^linux-image-[0-9]')
if [ -z "$image" ] && [ "$(id -u)" -eq 0 ]; then
	apt-get -qq update
	image=$(depends "$meta" '^linux-image-[0-9]')
fi
[ -n "$image" ] || die "apt does not know $meta (run apt-get update as root)"
release=${image#linux-image-}
headers=linux-headers-$release
common=$(depends "$headers" '^linux-headers-.*-common$')
kbuild=$(depends "$headers" '^linux-kbuild-')

rm -rf "$dir.new"
mkdir -p "$dir.new"
for p in "$image" "$headers" "$common" "$kbuild"; do
	fetch "$p"
	dpkg -x "$deb" "$dir.new"
done

# The headers name their other half by an absolute path.
hdr=usr/src/$headers
final=$(realpath -m "$dir")
sed -i "s,/usr/src/$common,$final/usr/src/$common," "$dir.new/$hdr/Makefile"
ln -s "$hdr" "$dir.new/headers"
ln -s "lib/modules/$release" "$dir.new/modules"
ln -s "boot/vmlinuz-$release" "$dir.new/vmlinuz"
depmod -b "$dir.new" "$release"
rm -rf "$dir"
mv "$dir.new" "$dir"
echo "$release" >"$dir/release"
