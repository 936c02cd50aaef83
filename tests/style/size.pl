#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-only
# A file has at most 600 lines, a function at most 80, a line 100 columns; SPDX comes first; no white
# space at the end of a line. `size.pl warn` lists what is over 300 and 40 instead, and never fails.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Style;

my $warn = (shift // '') eq 'warn';
my ($file_cap, $func_cap) = $warn ? (300, 40) : (600, 80);

sub functions {
	my ($file, @lines) = @_;
	my ($start, $name) = (0, '');
	for my $i (0 .. $#lines) {
		$name = $1 if $lines[$i] =~ /^[a-z].*?(\w+)\(/;
		if ($lines[$i] =~ /^\{/ || $lines[$i] =~ /^\w.*\)\s*\{\s*$/) {
			$start = $i;
		} elsif ($lines[$i] =~ /^\}\s*$/ && $start) {
			my $n = $i - $start - 1;
			complain("$file:" . ($start + 1) . ": $name() has $n lines") if $n > $func_cap;
			$start = 0;
		}
	}
}

sub columns {
	my ($line) = @_;
	1 while $line =~ s/\t/' ' x (8 - $-[0] % 8)/e;
	return length $line;
}

for my $f (sources('\.(c|h|S|ld|asl)$')) {
	my $t = text($f);
	my @lines = split /\n/, $t;
	complain("$f: " . @lines . " lines") if @lines > $file_cap;
	functions($f, split /\n/, bare($t)) if $f =~ /\.[ch]$/;
	next if $warn;
	complain("$f:1: no SPDX line") unless ($lines[0] // '') =~ /SPDX-License-Identifier: /;
	for my $i (0 .. $#lines) {
		complain("$f:" . ($i + 1) . ": over 100 columns") if columns($lines[$i]) > 100;
		complain("$f:" . ($i + 1) . ": white space at the end") if $lines[$i] =~ /[ \t]$/;
	}
}
for my $f (sources('(^Makefile|\.sh|\.t|\.pl|\.pm|(^|/)Kbuild|/init)$')) {
	next if $warn;
	my @lines = split /\n/, text($f);
	complain("$f: no SPDX line") unless join(" ", map { $lines[$_] // "" } 0, 1) =~ /SPDX-License-Identifier: /;
	complain("$f: " . @lines . " lines") if @lines > $file_cap;
}
$warn ? exit 0 : finish();
