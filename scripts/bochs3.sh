#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Fetches Bochs 3.0 from Debian 13 with the libraries it is linked with and unpacks them beside the system;
# nothing is installed. It has posted interrupts and is twice as fast, but fit for one CPU only: with two
# it breaks VMX guests. apt checks the suite's signature, the index its hash, each package its hash.
# Usage: bochs3.sh DIR      leaves DIR/bochs, a command, and DIR/usr/share/bochs with its BIOS
set -eu
dir=$(realpath -m "$1")
suite=trixie
mirror=${MINIBUS_MIRROR:-http://deb.debian.org/debian}
cache=${MINIBUS_CACHE:-$HOME/.cache/minibus}/$suite
keys=/usr/share/keyrings/debian-archive-keyring.gpg

die()
{
	echo "bochs3.sh: $*" >&2
	exit 1
}

[ -e "$keys" ] || die "$keys is missing (package debian-archive-keyring)"
mkdir -p "$cache/lists/partial" "$cache/debs"
cache=$(realpath "$cache")
echo "deb [signed-by=$keys] $mirror $suite main" >"$cache/sources.list"
: >"$cache/status"	# nothing is installed as far as this apt knows
cat >"$cache/apt.conf" <<END
Dir::State "$cache";
Dir::State::status "$cache/status";
Dir::State::lists "$cache/lists";
Dir::Cache "$cache";
Dir::Etc::sourcelist "$cache/sources.list";
Dir::Etc::sourceparts "-";
APT::Architectures "amd64";
Acquire::Languages "none";
APT::Sandbox::User "root";
END
export APT_CONFIG="$cache/apt.conf"
echo "bochs3.sh: fetching Bochs from Debian $suite (45 MB)"
apt-get -qq update || die "cannot read the index of $mirror $suite"
list=$(apt-get -s --no-install-recommends install bochs bochs-term bochsbios | awk '$1 == "Inst" { print $2 }' |
	grep -E '^(lib|bochs)' | grep -v systemd)
[ -n "$list" ] || die "apt does not know bochs in $suite"
rm -rf "$dir.new"
mkdir -p "$dir.new"
# apt-get checks what it downloads; one call for all, and again when the cache had them already.
# shellcheck disable=SC2086
(cd "$cache/debs" && apt-get -qq download $list) || die "cannot download all packages"
# Files are found by their hash: their names say a version's epoch, the index's do not.
(cd "$cache/debs" && sha256sum -- *.deb) >"$cache/have"
# shellcheck disable=SC2086
for hash in $(apt-cache show --no-all-versions $list | awk '$1 == "SHA256:" { print $2 }'); do
	deb=$(awk -v h="$hash" '$1 == h { print $2; exit }' "$cache/have")
	[ -n "$deb" ] || die "no package with the hash $hash was downloaded"
	dpkg-deb --fsys-tarfile "$cache/debs/$deb" |
		tar -x -C "$dir.new" --exclude=./usr/share/doc --exclude=./usr/share/icons
done
libs=usr/lib/x86_64-linux-gnu
cat >"$dir.new/bochs" <<END
#!/bin/sh
export LTDL_LIBRARY_PATH="$dir/$libs/bochs/plugins" BXSHARE="$dir/usr/share/bochs"
exec "$dir/$libs/ld-linux-x86-64.so.2" --library-path "$dir/$libs" "$dir/usr/bin/bochs-bin" -q "\$@"
END
chmod +x "$dir.new/bochs"
rm -rf "$dir"
mv "$dir.new" "$dir"
