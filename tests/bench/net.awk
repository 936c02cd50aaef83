# SPDX-License-Identifier: GPL-2.0-only
# Reads kvm-baseline.tsv and the BENCH lines of tests/linux/dom0/bench.sh; prints the comparison per unit
# of work. The counters of the test "null" (the same road with an empty command) are taken off first.
FILENAME ~ /tsv$/ {
	if ($0 !~ /^#/) {
		unit[$1] = $2
		kvm[$1] = $3
		kvmirq[$1] = $4
	}
	next
}
$1 == "BENCH:" {
	v[$2, $3] = $4
	if (!($2 in seen)) {
		seen[$2] = 1
		order[++n] = $2
	}
	key[$3] = 1
}
function per(t, k,	x)
{
	x = v[t, k]
	if (t != "boot" && t != "idle")
		x -= v["null", k]
	return x / v[t, "units"]
}
function exits(t, who,	k, s)
{
	for (k in key)
		if (index(k, who ".exit.") == 1)
			s += per(t, k)
	return s
}
END {
	printf "%-8s %-12s %12s %12s %12s %12s %12s %12s %12s\n", "test", "per", "guest exits", "KVM's",
		"dom0 exits", "guest events", "dom0 events", "KVM's irqs", "exits/packet"
	for (i = 1; i <= n; i++) {
		t = order[i]
		if (t == "null")
			continue
		p = per(t, "packets")
		ratio = (p > 0) ? sprintf("%.3f", exits(t, "guest") / p) : "-"
		printf "%-8s %-12s %12.3f %12s %12.3f %12.3f %12.3f %12s %12s\n", t, unit[t],
			exits(t, "guest"), kvm[t], exits(t, "dom0"), per(t, "guest.cnt.ev_inject"),
			per(t, "dom0.cnt.ev_inject"), kvmirq[t], ratio
	}
	print "\nBy reason and counter, per unit (guest.*, dom0.*, bus.*):"
	for (i = 1; i <= n; i++) {
		t = order[i]
		if (t == "null")
			continue
		line = ""
		for (k in key)
			if (k ~ /^(guest|dom0|bus)\./ && k !~ /run_ns/ && per(t, k) >= 0.0005)
				line = line sprintf(" %s %.3f", k, per(t, k))
		m = split(line, w, " ")
		printf "%s:", t
		for (a = 1; a <= m; a += 2)
			rows[(a + 1) / 2] = w[a] " " w[a + 1]
		cnt = m / 2
		for (a = 2; a <= cnt; a++) {	# insertion sort by name
			r = rows[a]
			for (b = a - 1; b >= 1 && rows[b] > r; b--)
				rows[b + 1] = rows[b]
			rows[b + 1] = r
		}
		for (a = 1; a <= cnt; a++)
			printf "%s %s", (a > 1 ? "," : ""), rows[a]
		print ""
	}
}
