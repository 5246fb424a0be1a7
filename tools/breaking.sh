#!/bin/sh
# Contracts only grow: compares proto/ with the same folder of a git ref, by
# default origin/main or else main. Usage: tools/breaking.sh [REF].
# The old contracts are laid out as a folder because the imported google/api
# files are not committed, so that buf could not read the ref by itself.
set -eu
cd "$(dirname "$0")/.."

base=${1:-}
if [ -n "$base" ]; then
	git rev-parse -q --verify "$base^{commit}" >/dev/null 2>&1 || {
		echo "buf breaking: no commit $base" >&2
		exit 1
	}
fi
for ref in origin/main main; do
	if [ -z "$base" ] && git rev-parse -q --verify "$ref^{commit}" >/dev/null 2>&1; then
		base=$ref
	fi
done
if [ -z "$base" ] || ! git rev-parse -q --verify "$base:proto/parution" >/dev/null 2>&1; then
	echo "buf breaking: skipped, ${base:-main} has no contracts yet"
	exit 0
fi
if [ -z "$(git diff --name-only "$base" -- proto/parution proto/buf.yaml)$(git ls-files -o --exclude-standard -- proto/parution)" ]; then
	echo "buf breaking: skipped, the contracts are those of $base"
	exit 0
fi

old=$(mktemp -d)
trap 'rm -rf "$old"' EXIT
git archive "$base" proto/buf.yaml proto/parution | tar -x -C "$old"
cp -R proto/third_party "$old/proto/"
bin/tools/buf breaking proto --against "$old/proto"
