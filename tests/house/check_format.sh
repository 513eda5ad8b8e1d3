#!/usr/bin/env bash
# Every C file looks as .clang-format says; tables (.tbl.h) keep their columns.
set -euo pipefail
cd "$(dirname "$0")/../.."
mapfile -t files < <(find base conf store metering proxy ops bench tests -name node_modules -prune \
	-o -name '*.[ch]' ! -name '*.tbl.h' -print | sort)
if ! clang-format --dry-run -Werror "${files[@]}" 2> >(grep 'code should be' | sort -u -t: -k1,1 |
	sed 's/: error:.*/ is not formatted: clang-format -i/' >&1); then
	exit 1
fi
echo "${#files[@]} files are formatted"
