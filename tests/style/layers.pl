#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-only
# Who may include whom (docs/architecture.md, "Folders"). Includes with quotes are ours; a name without
# a folder is a file beside the includer, or one that the build generates.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Style;

# The longest prefix wins. Values: what may be included, as patterns of paths from the top.
my $abi = '(hv|vbus)/abi/';
my %may = (
	'hv/abi' => ['hv/abi/'],
	'vbus/abi' => [$abi],
	'vbus/proto' => ['vbus/(abi|proto)/', $abi],
	'arch/x86' => ['arch/x86/'],
	'hv' => ['hv/', 'arch/x86/', 'vbus/abi/(signal|tunnel)\.h$', 'boot/boot_info\.h$'],
	'boot' => ['boot/', 'hv/', 'arch/x86/'],
	'svm' => ['svm/', 'hv/', 'arch/x86/'],
	'vmx' => ['vmx/', 'hv/', 'arch/x86/'],
	'vbus' => ['vbus/', $abi],
	'guest-linux' => ['guest-linux/', $abi, 'vbus/proto/'],
	# Both ends in one kernel: the only place that sees both sides' headers, each file those of one.
	'loopback' => ['loopback/', $abi, 'vbus/proto/'],
	'loopback/loop_south' => ['loopback/', 'vbus/[^/]*\.h$', $abi],
	'loopback/loop_north' => ['loopback/', 'guest-linux/[^/]*\.h$', $abi],
	'tools' => ['tools/', $abi, 'vbus/proto/'],
);
my @prefixes = sort { length $b <=> length $a } keys %may;

sub resolve {
	my ($from, $inc) = @_;
	(my $dir = $from) =~ s{/[^/]*$}{};
	my $beside = "$dir/$inc";
	1 while $beside =~ s{[^/.][^/]*/\.\./}{};
	return $beside if -f $beside;
	return $inc if -f $inc;
	return undef;	# generated
}

for my $f (sources('\.(c|h|S)$')) {
	my ($area) = grep { $f =~ m{^\Q$_\E[/.]} } @prefixes;
	next unless $area;
	my $n = 0;
	for my $line (split /\n/, text($f)) {
		$n++;
		if ($line =~ /^\s*#\s*include\s*"([^"]+)"/) {
			my $t = resolve($f, $1) // next;
			complain("$f:$n: $area may not include $t")
				unless grep { $t =~ m{^$_} } @{ $may{$area} };
		} elsif ($line =~ /^\s*#\s*include\s*<(linux|net|asm|uapi|crypto)\//) {
			complain("$f:$n: Linux header in the hypervisor")
				if $area =~ m{^(hv|arch/x86|boot|svm|vmx)$};
		}
	}
}
finish();
