#!/bin/sh
# Runs `make gen` and fails when that changed, added or removed a generated file.
# In a fresh clone this is `git diff --exit-code` that sees new files as well; in
# a work tree it asks the same question about what is about to be committed.
set -eu
cd "$(dirname "$0")/.."

# state prints one line with a checksum for each generated file.
state() {
	git ls-files -co --exclude-standard -- proto/gen 'services/*/internal/store/db/*' | LC_ALL=C sort |
		while IFS= read -r file; do
			if [ -f "$file" ]; then cksum "$file"; fi
		done
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
state >"$work/before"
"${MAKE:-make}" gen
state >"$work/after"
if ! diff "$work/before" "$work/after"; then
	echo "generated code was not current: review what \`make gen\` changed and commit it" >&2
	exit 1
fi
