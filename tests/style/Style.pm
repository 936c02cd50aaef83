# SPDX-License-Identifier: GPL-2.0-only
# Shared by the style checks: the list of sources and a C text without comments and strings.
package Style;
use strict;
use warnings;
use Exporter 'import';
our @EXPORT = qw(sources text bare complain finish);

my $complaints = 0;

# sources(PATTERN): files git knows or would add, so that build output is left out.
sub sources {
	my ($pattern) = @_;
	my @f = grep { -f $_ && /$pattern/ }
		split /\n/, `git ls-files --cached --others --exclude-standard`;
	my %seen;
	return sort grep { !$seen{$_}++ } @f;
}

sub text {
	my ($file) = @_;
	open(my $h, '<', $file) or die "$file: $!\n";
	local $/;
	return scalar <$h>;
}

# bare(TEXT): comments and string contents blanked, line numbers kept.
sub bare {
	my ($t) = @_;
	my $blank = sub { my $s = shift; $s =~ s/[^\n]/ /g; $s };
	$t =~ s{(/\*.*?\*/|//[^\n]*)|("(?:\\.|[^"\\\n])*")|('(?:\\.|[^'\\\n])*')}
	       {defined $1 ? $blank->($1) : defined $2 ? '""' : "'x'"}gse;
	return $t;
}

sub complain {
	print STDERR "$_[0]\n";
	$complaints++;
}

sub finish { exit($complaints ? 1 : 0) }
1;
