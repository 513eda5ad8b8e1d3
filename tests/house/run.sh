#!/usr/bin/env bash
# Is it still our house? Runs every check here, or those named, one line each.
#
#   tests/house/run.sh [name ...]      WEIR_BUILD: the build folder (build)
set -u
cd "$(dirname "$0")"
passed=0 failed=0
for check in check_*; do
	name=${check#check_}
	name=${name%.*}
	[ $# -gt 0 ] && [[ " $* " != *" $name "* ]] && continue
	if said=$("./$check" 2>&1); then
		printf 'ok    %-10s %s\n' "$name" "$said"
		passed=$((passed + 1))
	else
		printf 'WRONG %-10s\n%s\n' "$name" "$said" | sed '2,$s/^/      /'
		failed=$((failed + 1))
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
