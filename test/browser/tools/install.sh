#!/bin/sh
# Installs what judges the pages in the browser tests, in the versions of
# package-lock.json, beside this script. On a machine that cannot, the tests that
# need it skip, after one plain line here; with CI=true it is an error.
set -eu
cd "$(dirname "$0")"

if command -v npm >/dev/null 2>&1 && npm ci; then
	touch node_modules/.package-lock.json # newer than what it was made from
	exit 0
fi
echo "NOT JUDGED: axe-core, the Nu HTML checker and Lighthouse are not installed: that takes npm (Node.js 18 or newer) and its registry, once" >&2
[ "${CI:-}" != true ]
