#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-only
# svm/ and vmx/ hold the same file names, but for the names that the manuals give.
# Prints "skip: reason" while one of them does not exist.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Style;

my %names;
for my $dir ('svm', 'vmx') {
	my @f = sources("^$dir/[^/]+\\.(c|h|S)\$");
	unless (@f) {
		print "skip: there is no $dir/ yet\n";
		exit 0;
	}
	for my $f (@f) {
		(my $n = $f) =~ s{^$dir/}{};
		$n =~ s/^(vmcb|vmcs)/VMC/;
		$n =~ s/^(npt|ept)/NESTED/;
		$n =~ s/^(svm|vmx)/VENDOR/;
		$names{$n}{$dir} = $f;
	}
}
for my $n (sort keys %names) {
	my ($have) = values %{ $names{$n} };
	complain("$have has no counterpart") if keys %{ $names{$n} } != 2;
}
finish();
