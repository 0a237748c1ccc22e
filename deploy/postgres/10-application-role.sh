#!/bin/sh
# Runs once, when the database is made: the role of web, worker and clock. It owns nothing and cannot change a table.
set -eu
password=$(cat /run/secrets/database_application_password)
psql -v ON_ERROR_STOP=1 -v password="$password" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
CREATE ROLE portal_app LOGIN PASSWORD :'password' NOSUPERUSER NOCREATEDB NOCREATEROLE;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
SQL
