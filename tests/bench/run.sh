#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `make bench`: dom0's boot with and without Minibus, in instructions (icount, exact) and in time (side by
# side), exits by reason; then work over vbus beside KVM + vhost-net. Reports go to build/bench/ as well.
# Usage: run.sh [boot] [time] [net] [size]     default: all four.  RUNS=3 boots of each kind for times
. "$(dirname "$0")/../lib/boot.sh"
out=$BUILD/bench
mkdir -p "$out"

# boot_once NAME: one boot to /init; sets tsc, wall (s), cpu (s of QEMU).
boot_once()
{
	local before after t0 t1 me=$BASHPID # not $$: this may run in a pipeline
	before=$(awk '{ print $16 + $17 }' /proc/$me/stat)
	t0=$(date +%s.%N)
	boot_start "$1" -nic none
	boot_wait 'tsc [0-9]+' 300 || { echo "bench: $1 did not reach /init"; boot_text | tail -n 5; exit 1; }
	t1=$(date +%s.%N)
	boot_end 60
	after=$(awk '{ print $16 + $17 }' /proc/$me/stat)
	tsc=$(boot_text | sed -n 's/^.*tsc \([0-9]*\).*$/\1/p' | head -n 1)
	wall=$(awk "BEGIN { print $t1 - $t0 }")
	cpu=$(awk "BEGIN { print ($after - $before) / $(getconf CLK_TCK) }")
}

bench_boot()
{
	export ICOUNT=1 MEM=1536 HVARGS="dom0_mem=1024M" DOM0ARGS="mb.stop=1"
	ROAD=direct MEM=1024 boot_once bench-direct
	local direct=$tsc
	ROAD=kernel boot_once bench-minibus
	echo "dom0's boot, power-on to /init, 1 CPU, 1024 MiB, instructions (-icount shift=0):"
	awk "BEGIN { printf \"  direct %.3f G   under Minibus %.3f G   ratio %.3f\n\", $direct / 1e9, $tsc / 1e9, $tsc / $direct }"
	DOM0ARGS="mb.test=exits" boot_start bench-exits -nic none
	boot_wait 'test exits done' 300
	echo "exits of dom0 until /init has read them:"
	boot_text | sed -n 's/^.*EXITS: /  /p'
	boot_end 60
	unset ICOUNT MEM HVARGS DOM0ARGS
}

bench_time()
{
	local i kind
	export DOM0ARGS="mb.stop=1"
	echo "dom0's boot in time, 2 CPUs, ${RUNS:-3} runs of each, side by side (shared machine: compare, do not quote):"
	for i in $(seq "${RUNS:-3}"); do
		for kind in direct kernel; do
			ROAD=$kind boot_once "bench-time-$kind"
			echo "$kind $wall $cpu"
		done
	done | awk '{ n[$1]++; w[$1] += $2; c[$1] += $3 }
		END { for (k in n) printf "  %-7s wall %.2f s to /init, QEMU CPU %.2f s\n", k, w[k] / n[k], c[k] / n[k]
		      printf "  ratio   wall %.3f, CPU %.3f\n", w["kernel"] / w["direct"], c["kernel"] / c["direct"] }'
	unset DOM0ARGS
}

bench_net()
{
	echo "work over vbus, 2 CPUs, guest with 1 vCPU, beside KVM + vhost-net measured on the same emulated machine:"
	DOM0ARGS="mb.div=${DIV:-8} mb.test=bench" boot_start bench-net -nic none
	boot_wait 'test bench done' 1500 || { boot_text | tail -n 20; exit 1; }
	boot_text | sed -n 's/^.*BENCH: /BENCH: /p' >"$out/net.txt"
	awk -f tests/bench/net.awk tests/bench/kvm-baseline.tsv "$out/net.txt"
	boot_text | grep -E '^mode='
	boot_end 60
}

bench_size()
{
	scripts/size.sh
}

for part in "${@:-boot time net size}"; do
	for p in $part; do
		"bench_$p" 2>&1 | tee "$out/$p.report"
		echo
	done
done
