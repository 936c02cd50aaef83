# SPDX-License-Identifier: GPL-2.0-only
# Disks of a guest: a file, a read-only file and a block device (loop). What the guest writes is read back in
# dom0 and the other way round; sizes, errors and flushes arrive as what they are; I/O is charged to the cgroup
# of whoever made the guest; disks are unplugged under load, come back, and go for good.
. /tests/tap.sh
. /usr/lib/minibus/lib.sh
plan 44
mib=$(cmdline_value mb.mib 16)
ops=$(cmdline_value mb.ops 2000)
cycles=$(cmdline_value mb.cycles 20)
devices=/sys/kernel/config/vbus/devices/blk
bus=/sys/kernel/config/vbus/guests/g1/bus
export GUEST_SH_LIMIT=$(limit 60)

# within SECONDS COMMAND...: until the command succeeds.
within()
{
	tries=$(($(limit "$1") * 5))
	shift
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.2
	done
}

# guest COMMAND: in the guest, messages included.
guest()
{
	guest_sh 11 "{ $1
} 2>&1"
}

# in_guest REGEX COMMAND: does the command print that in the guest?
in_guest()
{
	guest "$2" | grep -Eq -- "$1"
}

# hammered NAME: the guest writes to that disk until it gets an error; returns when some came here.
hammered()
{
	guest "blkload hammer /dev/$2 1 16 >/tmp/hammer 2>&1 &" >/dev/null
	w0=$(awk '$1 == "writes" { print $2 + 16 }' $mb_debug/guests/g1/dev-"$1")
	within 20 eval "[ \$(awk '\$1 == \"writes\" { print \$2 }' $mb_debug/guests/g1/dev-$1) -gt $w0 ]"
}

plug()		# plug NAME PATH: a disk that shows NAME as its serial number
{
	mkdir "$devices/$1" && echo "$1" >"$devices/$1/serial" && echo "$2" >"$devices/$1/path" &&
		ln -s "$devices/$1" "$bus/$1"
}

unplug()
{
	rm "$bus/$1" && rmdir "$devices/$1"
}

exits()		# of the guest: "reason count" per line
{
	cat $mb_debug/guests/g1/vcpu* | awk '/^exit[.]/ { v[$1] += $2 } END { for (k in v) print k, v[k] }'
}

# exits_per_read DEPTH COUNT: COUNT random reads of 4 KiB, and how many exits one cost.
exits_per_read()
{
	exits >/tmp/e0
	out=$(guest "blkload read /dev/vblkc $mib $1 $2")
	exits >/tmp/e1
	like "$2 reads, depth $1" "$out" '^read bad 0'
	note "$(awk -v n="$2" 'NR == FNR { old[$1] = $2; next }
		$2 - old[$1] { s += $2 - old[$1]; t = t sprintf(" %s %.3f", substr($1, 6), ($2 - old[$1]) / n) }
		END { printf "%.2f exits of the guest per read:%s", s / n, t }' /tmp/e0 /tmp/e1)" \
		"(KVM and virtio-blk: 2.28 at depth 1, 0.10 to 0.12 at 32)"
}

mkdir -p /mnt/d /mnt/full /mnt/ext4 /mnt/cg
mount -t tmpfs -o size=96m disks /mnt/d
mount -t tmpfs -o size=1m full /mnt/full
truncate -s 32M /mnt/d/file /mnt/d/ro /mnt/d/loop /mnt/d/group
truncate -s 8M /mnt/full/file
modprobe loop
losetup /dev/loop0 /mnt/d/loop
losetup /dev/loop1 /mnt/d/group
/tests/blkload fill /mnt/d/ro 2 3 >/dev/null

mount -t cgroup2 cgroup2 /mnt/cg
mkdir /mnt/cg/g1
echo +io >/mnt/cg/cgroup.subtree_control
echo $$ >/mnt/cg/g1/cgroup.procs
export GUEST_VCPUS=2
ok "a guest with three disks" guest_start g1 11 'disk = [ "path=/mnt/d/file,name=root-1",
	"path=/mnt/d/ro,readonly=1", "path=/dev/loop0,queues=2" ];'
echo $$ >/mnt/cg/cgroup.procs
ok "it is ready" guest_ready g1 11
is "serial number, size, read-only, cache" "$(guest 'cd /sys/block/vblka; cat serial size ro queue/write_cache
	cat ../vblkb/ro; ls -d ../vblkc/mq/*' | tr '\n' ' ')" \
	"root-1 65536 0 write back 1 ../vblkc/mq/0 ../vblkc/mq/1 "
like "a device in use has no other path" "$(echo /mnt/d/ro 2>&1 >$devices/g1-disk0/path)" 'busy'
mkdir $devices/twice
like "a file of one guest is not another's" "$(echo /mnt/d/file 2>&1 >$devices/twice/path)" 'busy'
like "nor is a block device" "$(echo /dev/loop0 2>&1 >$devices/twice/path)" 'busy'
rmdir $devices/twice

sum=$(guest "mkfs.ext4 -q -F /dev/vblka && mount -t ext4 /dev/vblka /tmp && dd if=/dev/urandom of=/tmp/f bs=1M count=$mib 2>/dev/null &&
	md5sum </tmp/f && umount /tmp" 2>&1)
like "ext4 is made, $mib MiB are written" "$sum" '^[0-9a-f]{32}  -$'
modprobe ext4
ok "dom0 mounts the file" mount -t ext4 -o ro,loop /mnt/d/file /mnt/ext4
is "and reads the same" "$(md5sum </mnt/ext4/f)" "$sum"
umount /mnt/ext4
stats=$(cat $mb_debug/guests/g1/dev-g1-disk0)
like "flushes were asked for" "$stats" '^flushes [1-9]'
like "no error" "$stats" '^errors 0'
note "$(echo "$stats" | tr '\n' ' ')"
like "dom0's data is read" "$(guest 'blkload check /dev/vblkb 2 3')" '^check bad 0'
like "a read-only disk cannot be opened for writing" "$(guest 'blkload at /dev/vblkb 0 write')" 'ot permitted|ermission denied|ead-only'
like "$ops operations at random, depth 32" "$(guest "blkload mix /dev/vblkc $mib 32 $ops" 2>&1)" '^mix bad 0'
like "the guest fills the block device" "$(guest "blkload fill /dev/vblkc $mib 5")" '^fill bad 0'
like "dom0 reads it there" "$(/tests/blkload check /dev/loop0 "$mib" 5)" '^check bad 0'
exits_per_read 1 "$ops"
exits_per_read 32 $((ops * 4))
like "discarded, it reads as zeroes" "$(guest 'blkdiscard /dev/vblkc; dd if=/dev/vblkc bs=64k count=32 2>/dev/null | tr -d "\0" | wc -c')" '^0$'
ok "and takes no space in dom0" [ "$(du -k /mnt/d/loop | cut -f1)" -lt 64 ]
like "partitions" "$(guest 'printf "o\nn\np\n1\n\n+8M\nw\n" | fdisk /dev/vblkc >/dev/null; cat /sys/block/vblkc/vblkc1/partition')" '^1$'

truncate -s 40M /mnt/d/file
echo 1 >$devices/g1-disk0/size
ok "the guest sees a new size" within 10 in_guest '^81920$' 'cat /sys/block/vblka/size'
truncate -s 8M /mnt/d/file
like "what the file lost cannot be read" "$(guest 'blkload at /dev/vblka 20971520 read')" 'nput/output error'
echo 1 >$devices/g1-disk0/size
ok "nor is it there for long" within 10 in_guest '^16384$' 'cat /sys/block/vblka/size'
ok "a disk on a full file system" plug full /mnt/full/file
within 10 in_guest full 'cat /sys/block/vblkd/serial'
guest 'blkload fill /dev/vblkd 8 1' >/dev/null 2>&1
like "no space is no space in the guest" "$(guest 'blkload at /dev/vblkd 7340032 write')" 'o space left'
unplug full

like "the disk's threads are in the cgroup of whoever made the guest" "$(sed -n 's/^q[0-9]*.worker //p' \
	$mb_debug/guests/g1/dev-g1-disk2 | while read -r p; do cat /proc/"$p"/cgroup; done | sort -u)" '^0::/g1$'
like "and it is charged for the I/O" "$(cat /mnt/cg/g1/io.stat)" '^7:0 rbytes=[1-9].* wbytes=[1-9]'

ok "writing without end" hammered g1-disk2 vblkc
rm $bus/disk2
sleep 1
ok "unplugged under load, plugged again" ln -s $devices/g1-disk2 $bus/disk2
ok "the load goes on" within 10 in_guest '^up 1 $' 'cat /sys/block/vblkc/connection /sys/block/vblkc/reconnects | tr "\n" " "; cat /tmp/hammer'
guest 'echo 2 >/sys/module/vblk/parameters/grace' >/dev/null
rm $bus/disk2
ok "unplugged for good: the load ends with an error" within 20 in_guest 'hammer ended: Input/output error' 'cat /tmp/hammer'
ok "and the disk is gone" within 10 in_guest '^none$' 'ls -d /sys/block/vblkc 2>/dev/null || echo none'

counts()
{
	ls /sys/kernel/debug/minibus/guests/g1 $devices /proc/irq | grep -v '^$'
}

before=$(counts)
guest 'echo 0 >/sys/module/vblk/parameters/grace' >/dev/null
n=0
while [ $n -lt "$cycles" ]; do
	plug cycle /dev/loop1 || break
	within 10 in_guest cycle 'cat /sys/block/vblkc/serial' || break
	hammered cycle vblkc || break
	rm $bus/cycle
	within 20 in_guest 'hammer ended' 'cat /tmp/hammer' || break
	rmdir $devices/cycle
	within 10 in_guest none 'ls -d /sys/block/vblkc 2>/dev/null || echo none' || break
	n=$((n + 1))
done
is "$cycles times plugged and unplugged under load" "$n" "$cycles"
is "counts are back" "$(counts)" "$before"
like "no warning in the guest" "$(guest 'dmesg | grep -E "WARNING|BUG:|Oops|blocked for more"; echo none' | head -n 3)" '^none$'

# A root file system on a disk: busybox and an init that writes to it.
mkdir -p /tmp/root/bin /tmp/root/sbin /tmp/root/dev /tmp/root/proc
cp /bin/busybox /tmp/root/bin/
ln -s busybox /tmp/root/bin/sh
cat >/tmp/root/sbin/init <<'END'
#!/bin/sh
busybox mount -t proc proc /proc
echo "root-on-disk: $(busybox grep ' / ext4 ' /proc/mounts | busybox cut -d' ' -f1)" >/dev/console
echo seen >/seen
busybox sync
busybox mount -o remount,ro /
busybox poweroff -f
END
chmod 755 /tmp/root/sbin/init
truncate -s 16M /mnt/d/root
mkfs.ext4 -q -F -d /tmp/root /mnt/d/root
export GUEST_MEM=128 GUEST_VCPUS=1 GUEST_CMDLINE=mb.root=/dev/vblka
ok "a guest whose root is a disk" guest_start g2 12 'disk = [ "path=/mnt/d/root,name=root" ];' 'on_poweroff = "preserve";'
ok "boots from it" guest_says g2 'root-on-disk: /dev/vblka' 60
within 30 grep -q poweroff /sys/kernel/config/vbus/guests/g2/reason
minibus destroy g2
mount -t ext4 -o ro,loop /mnt/d/root /mnt/ext4
is "and writes to it" "$(cat /mnt/ext4/seen)" seen
umount /mnt/ext4

like "the class is not unloaded while it is used" "$(rmmod vbus_blk 2>&1)" 'in use|temporarily|busy'
hammered g1-disk0 vblka
ok "destroyed under load" minibus destroy g1
is "no device is left" "$(ls $devices)" ''
ok "the class is unloaded" rmmod vbus_blk
like "no warning in dom0" "$(dmesg | grep -E 'WARNING|BUG:|Oops|queue .* broken' | head -n 3)none" '^none$'
tap_end
