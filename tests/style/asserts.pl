#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-only
# Every structure of an ABI header, and every packed one anywhere, has its size asserted, and at least
# one offset if it has several members. (The last member of open length has no size to assert.)
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Style;

for my $f (sources('^(hv|vbus|arch|svm|vmx|boot|tools|guest-linux|loopback)/.*\.[ch]$')) {
	my $t = bare(text($f));
	my $is_abi = $f =~ m{/abi/};
	while ($t =~ /^(?:static )?struct (\w+) \{(.*?)^\}([^;]*);/gms) {
		my ($name, $body, $tail) = ($1, $2, $3);
		my $line = 1 + (substr($t, 0, $-[0]) =~ tr/\n//);
		next unless $is_abi || $tail =~ /packed/;
		my $members = () = $body =~ /;/g;
		my $size = $t =~ /(ABI_SIZE|STATIC_SIZE)\s*\(\s*struct $name\b/ ||
			$t =~ /ASSERT\s*\(\s*sizeof\s*\(struct $name\)/;
		my $off = $t =~ /(ABI_OFF|STATIC_OFFSET|offsetof)\s*\(\s*struct $name\b/;
		my $open = $body =~ /\[[01]?\];\s*$/;
		complain("$f:$line: struct $name: size is not asserted") unless $size || $open;
		complain("$f:$line: struct $name: no offset is asserted")
			if $members > 1 && !$off;
	}
}
finish();
