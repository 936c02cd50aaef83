#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-only
# Checks that look at single places of the C text. Usage: words.pl barriers | locks | forward | twice
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Style;

my $barrier = qr/\b(smp_mb|smp_wmb|smp_rmb|smp_store_mb|smp_mb__\w+|mb|wmb|rmb|dma_[rw]?mb|
	virt_[rw]?mb|port_[rw]?mb|smp_load_acquire|smp_store_release)\s*\(/x;

# Each barrier's comment names its partner: "pairs with ...", at the call or in the lines above it.
sub barriers {
	for my $f (sources('^(arch|hv|svm|vmx|boot|vbus|guest-linux|loopback)/.*\.c$')) {
		my @raw = split /\n/, text($f);
		my @code = split /\n/, bare(text($f));
		for my $i (0 .. $#code) {
			next unless $code[$i] =~ $barrier && $code[$i] !~ /^\s*#\s*define/;
			my $from = $i > 8 ? $i - 8 : 0;
			my $to = $i < $#raw ? $i + 1 : $i;
			next if join(' ', @raw[$from .. $to]) =~ /pairs\s+[*\s]*with/i;
			complain("$f:" . ($i + 1) . ": barrier without \"pairs with\"");
		}
	}
}

# The hypervisor's locks have their level, and so their card, in hv/locks.h.
sub locks {
	return unless -f 'hv/locks.h';
	my %level = map { $_ => 1 } text('hv/locks.h') =~ /\b(LOCK_\w+|LEVEL_\w+)\b/g;
	for my $f (sources('^(hv|svm|vmx|boot)/.*\.c$')) {
		next if $f eq 'hv/locks.c';
		next if $f eq 'hv/printk.c'; # the lock checks themselves print
		my $n = 0;
		for my $line (split /\n/, bare(text($f))) {
			$n++;
			for my $l ($line =~ /\b(LOCK_[A-Z]\w*|LEVEL_[A-Z]\w*)\b/g) {
				complain("$f:$n: lock level $l is not in hv/locks.h") unless $level{$l};
			}
			complain("$f:$n: a bare ticket lock has no level")
				if $line =~ /^\s*(static\s+)?struct ticket_?lock \w+/;
		}
	}
}

# Files are bottom-up: nothing static is declared before it is defined.
sub forward {
	for my $f (sources('\.c$')) {
		my $t = bare(text($f));
		while ($t =~ /^static\s+[^;={}()]*?\b(\w+)\([^;{}=]*\)[^;{}=]*;/gm) {
			my ($name, $at) = ($1, 1 + (substr($t, 0, $-[0]) =~ tr/\n//));
			next if $name =~ /^[A-Z_0-9]+$/ || $name eq '__attribute__';
			complain("$f:$at: forward declaration of $name()");
		}
	}
}

# No function name exists on both ends of the bus.
sub twice {
	my %where;
	for my $f (sources('^(vbus|guest-linux)/.*\.c$')) {
		my ($side) = $f =~ m{^([^/]+)};
		next if $f =~ m{/proto/};
		my $t = bare(text($f));
		while ($t =~ /^(?:static\s+)?[a-z_][\w\s\*]*?\b\**(\w+)\([^;{}=]*\)\s*\n?\{/gm) {
			$where{$1}{$side} //= $f;
		}
	}
	for my $n (sort keys %where) {
		my @f = values %{ $where{$n} };
		complain("$n() is in " . join(' and ', sort @f)) if @f > 1;
	}
}

my %checks = (barriers => \&barriers, locks => \&locks, forward => \&forward, twice => \&twice);
my $check = $checks{ shift // '' } or die "usage: words.pl barriers | locks | forward | twice\n";
$check->();
finish();
