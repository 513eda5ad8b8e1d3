#!/usr/bin/env bash
# Scripts parse, can be run, and ask for the interpreter they are written for.
set -euo pipefail
cd "$(dirname "$0")/../.."
faults=0
fault() {
	echo "$1"
	faults=$((faults + 1))
}

count=0
while IFS= read -r file; do
	[ -f "$file" ] || continue
	first=$(head -n 1 "$file" | tr -d '\0')
	case $first in
	'#!/usr/bin/env bash' | '#!/bin/sh' | '#!/bin/bash')
		bash -n "$file" || fault "$file does not parse" ;;
	'#!/usr/bin/env python3' | '#!/usr/bin/python3')
		python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read())' "$file" ||
			fault "$file does not parse" ;;
	'#!'*) ;;
	*) continue ;;
	esac
	count=$((count + 1))
	[ -x "$file" ] || fault "$file cannot be run: chmod +x"
done < <(git ls-files --cached --others --exclude-standard -- . ':!:tests/fuzz/corpus' ':!:tests/corpus')
[ "$faults" = 0 ] && echo "$count scripts parse and can be run"
[ "$faults" = 0 ]
