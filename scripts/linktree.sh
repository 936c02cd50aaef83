#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Makes a tree of symbolic links to source files, so that Kbuild leaves its objects there and not in
# the source tree (external modules know no O=).
# Usage: linktree.sh DIR FILE...     FILE is relative to the current directory, and keeps its path in DIR
set -eu
dir=$1
shift
mkdir -p "$dir"
find "$dir" -type l -delete
for f in "$@"; do
	mkdir -p "$dir/$(dirname "$f")"
	ln -s "$PWD/$f" "$dir/$f"
done
touch "$dir/.links"
