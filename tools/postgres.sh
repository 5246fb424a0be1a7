#!/bin/sh
# Sees to it that the tests find a PostgreSQL: a server at TEST_POSTGRES_URL, or
# the server's programs, which the tests start themselves on a free port and a
# temporary folder. Where they are missing they are installed if that needs no
# question (Debian or Ubuntu, as root). Otherwise: one loud line, and the tests
# that want PostgreSQL skip; with CI=true a missing engine is an error.
set -eu

find_postgres() {
	if [ -n "${TEST_POSTGRES_URL:-}" ]; then
		return 0
	fi
	if command -v initdb >/dev/null 2>&1 && command -v postgres >/dev/null 2>&1; then
		return 0
	fi
	for dir in /usr/lib/postgresql/*/bin; do
		if [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ]; then
			return 0
		fi
	done
	return 1
}

install_postgres() {
	command -v apt-get >/dev/null 2>&1 || return 1
	[ "$(id -u)" = 0 ] || return 1
	echo "PostgreSQL is not installed: apt-get install -y postgresql" >&2
	export DEBIAN_FRONTEND=noninteractive
	apt-get -o Acquire::Retries=3 update -q >&2 || true # an old package list may still do
	apt-get -o Acquire::Retries=3 install -y -q --no-install-recommends postgresql >&2 || return 1
	# The package starts a cluster of its own, on the port that everybody uses.
	# There was no server before, so what runs now was started by this install.
	if command -v pg_lsclusters >/dev/null 2>&1; then
		pg_lsclusters -h | while read -r version name _ status _; do
			case "$status" in
			online*) pg_ctlcluster --force "$version" "$name" stop >&2 ;;
			esac
		done
	fi
}

find_postgres && exit 0
install_postgres && find_postgres && exit 0

if [ "${CI:-}" = true ]; then
	echo "ERROR: no PostgreSQL, and CI must test both engines: set TEST_POSTGRES_URL or install postgresql" >&2
	exit 1
fi
echo "*** NO POSTGRESQL: its tests are SKIPPED; install postgresql (initdb, postgres on PATH) or set TEST_POSTGRES_URL ***" >&2
