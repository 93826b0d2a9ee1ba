#!/bin/sh
# Dumps the database into a folder, tries the dump, and then deletes those that are older than so many days:
# backup.sh FOLDER [DAYS]. From cron or goalsvc-backup.timer; see docs/backup.md.
set -eu
umask 077 # a dump has the identities of customers
folder=$1
days=${2:-14}
cd "$(dirname "$0")/../.."
file=$folder/goalsvc-$(date -u +%Y%m%dT%H%M%SZ).dump
trap 'rm -f "$file.part"' EXIT
trap 'exit 143' TERM
.venv/bin/python manage.py with_database pg_dump --format=custom --file="$file.part"
mv "$file.part" "$file"
# A dump that fails the trial stays, and so do all others. The worker writes every day, if nobody else does.
.venv/bin/python manage.py verify_backup "$file" --max-age 26h
find "$folder" -name 'goalsvc-*.dump' -mtime "+$days" -delete
