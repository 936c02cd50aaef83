#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Turns `nm -n hv.elf` (standard input) into the symbol table that is linked into the image (standard
# output, assembly): code symbols only, sorted by address, as pairs of 32-bit words {address - image
# base, offset of the name}. Empty input gives an empty table, for the first link. The table lies
# behind the code, so its size does not move what it describes.
# Usage: nm -n pass1.elf | gen_symbols.sh > symbols.S
set -eu
awk '
BEGIN { print "/* made by boot/gen_symbols.sh */"; n = 0; offset = 0 }
$2 ~ /^[tTwW]$/ && substr($1, 1, 9) == "ffffffff8" && $3 !~ /^\./ && $3 !~ /^_(text|rodata)_/ {
	if ($1 == last)
		next
	last = $1
	address[n] = substr($1, 9)
	name[n++] = $3
}
END {
	print "\t.section .hv_symbols, \"a\""
	for (i = 0; i < n; i++) {
		# the image base is 0xffffffff80000000: drop its top bit
		printf "\t.long 0x%s - 0x80000000, %d\n", address[i], offset
		offset += length(name[i]) + 1
	}
	print "\t.section .hv_symbol_names, \"a\""
	for (i = 0; i < n; i++)
		printf "\t.asciz \"%s\"\n", name[i]
	print "\t.section .note.GNU-stack, \"\", @progbits"
}'
