#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-only
# Every test says on its first page what it is about, and reports by TAP.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Style;

for my $f (sources('^tests/(unit/test_\w+\.c|guest/\w+/main\.c)$')) {
	my $t = text($f);
	my ($page) = $t =~ m{^(?:/\*[^\n]*SPDX[^\n]*\*/|//[^\n]*)\n\s*(?:/\* SOURCES[^\n]*\n\s*)?(/\*.*?\*/)}s;
	complain("$f: no page comment of two lines or more") unless ($page // '') =~ /\n/;
	complain("$f: no TAP output (plan, ok)")
		unless $t =~ /\b(tap|plan|report|check|expect|ok)\w*\s*\(/i;
}
for my $f (sources('^tests/\w+/\w+\.t$')) {
	my @comment = grep { /^#/ } split /\n/, text($f);
	complain("$f: no page comment") if @comment < 3;
	complain("$f: not executable") unless -x $f;
}
finish();
