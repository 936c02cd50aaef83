# SPDX-License-Identifier: GPL-2.0-only
# Shell functions that gather an initial RAM disk: busybox, chosen Debian programs with their
# libraries, and kernel modules with what those depend on. Read by mkguest.sh and mkdom0.sh.
# Needs: BUILD, and KERNEL_BUILD, the directory with the parts for one kernel: debian/, kmod/, guest/, dom0/.
# Sets: root (the tree being filled), kver (the kernel's release), small (y: only what slow machines need).

build=${BUILD:-build}
kbuild=${KERNEL_BUILD:-$build}
debian=$kbuild/debian
small=${SMALL:-}
kver=$(cat "$debian/release")

# initrd_begin DIR: an empty tree with busybox and the usual folders.
initrd_begin()
{
	root=$1
	rm -rf "$root"
	mkdir -p "$root"
	for d in bin dev etc lib/modules/"$kver" proc root run sys tmp usr/bin usr/lib var/lib; do
		mkdir -p "$root/$d"
	done
	ln -s bin "$root/sbin"
	ln -s ../bin "$root/usr/sbin"
	ln -s lib "$root/lib64"
	cp /bin/busybox "$root/bin/busybox"
	for applet in $(/bin/busybox --list); do
		[ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
	done
	echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
	echo 'root:x:0:' >"$root/etc/group"
}

# initrd_lib FILE: one shared library, found again at run time because all go to /lib.
initrd_lib()
{
	[ -e "$root/lib/$(basename "$1")" ] || cp -L "$1" "$root/lib/$(basename "$1")"
}

# initrd_own_bin FILE NAME: a program and its libraries; it replaces the applet of that name.
initrd_own_bin()
{
	rm -f "$root/bin/$2"
	cp -L "$1" "$root/bin/$2"
	for l in $(ldd "$1" | awk '/=> \// { print $3 } $1 ~ /^\// { print $1 }'); do
		initrd_lib "$l"
	done
}

# initrd_bin PROGRAM...: Debian's programs by name.
initrd_bin()
{
	for p in "$@"; do
		f=$(PATH=/usr/sbin:/usr/bin:/sbin:/bin command -v "$p") || {
			echo "initrd: $p is not installed (scripts/deps.sh)" >&2
			return 1
		}
		initrd_own_bin "$f" "$p"
	done
}

# initrd_modules NAME...: stock kernel modules, their dependencies included; built-in ones are skipped.
initrd_modules()
{
	for f in $(modprobe -d "$debian" -S "$kver" -a --show-depends "$@" |
			awk '$1 == "insmod" { print $2 }' | sort -u); do
		rel=${f#*/lib/modules/}
		mkdir -p "$root/lib/modules/$(dirname "$rel")"
		cp "$debian/lib/modules/$rel" "$root/lib/modules/$rel"
	done
}

# initrd_own_modules DIR: the modules that were built there, stripped of debug information.
initrd_own_modules()
{
	mkdir -p "$root/lib/modules/$kver/minibus"
	for f in $(find "$1" -name '*.ko' 2>/dev/null | sort); do
		"${CROSS_COMPILE:-}strip" --strip-debug -o "$root/lib/modules/$kver/minibus/${f##*/}" "$f"
	done
}

# initrd_pack FILE: the module index, then one cpio with fixed dates, owners and order. Not
# compressed: it is unpacked inside an emulated machine, where copying is far cheaper.
initrd_pack()
{
	cp "$debian/lib/modules/$kver"/modules.builtin* "$debian/lib/modules/$kver/modules.order" \
		"$root/lib/modules/$kver/"
	depmod -b "$root" "$kver"
	rm -f "$root/lib/modules/$kver"/*.bin
	find "$root" -exec touch -h -d "@${SOURCE_DATE_EPOCH:-0}" {} +
	out=$(realpath "$1")
	(cd "$root" && find . | LC_ALL=C sort |
		cpio --quiet --reproducible -R 0:0 -H newc -o >"$out.new")
	mv "$out.new" "$out"
	rm -rf "$root"
}
