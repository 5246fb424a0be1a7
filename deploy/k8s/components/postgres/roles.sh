#!/bin/sh
# Run once, when the server's data folder is new: a role and a database for each
# service that owns data. The passwords are those of the Secret: lines of the form
# host:port:database:role:password, as the services read them.
set -eu

for role in posts tags render accounts; do
  # psql reads the file itself, so that no password is ever an argument.
  psql --no-psqlrc --username "${POSTGRES_USER:-postgres}" --dbname postgres -v ON_ERROR_STOP=1 -v role="$role" \
    -v file="${ROLES_DIR:-/etc/parution/database}/$role" <<'SQL'
\set password `sed 's/.*://' :'file'`
CREATE ROLE :"role" LOGIN PASSWORD :'password';
CREATE DATABASE :"role" OWNER :"role";
REVOKE ALL ON DATABASE :"role" FROM PUBLIC;
SQL
done
