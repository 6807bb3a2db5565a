#!/usr/bin/env bash
# spec_table.sh CSGD README: whether the README's table is what the parser's own tables say.
#
#     spec_table.sh --write CSGD README    put it there
set -euo pipefail

write=no
if [ "$1" = --write ]; then
    write=yes
    shift
fi
table=$(mktemp)
trap 'rm -f "$table" "$table.new"' EXIT
"$1" help specs --markdown >"$table"

awk -v table="$table" '
    /<!-- specs: end -->/ { skip = 0 }
    !skip { print }
    /<!-- specs: begin -->/ {
        print ""
        while ((getline line < table) > 0) print line
        print ""
        skip = 1
    }' "$2" >"$table.new"

if [ "$write" = yes ]; then
    cat "$table.new" >"$2"
elif ! diff -u "$2" "$table.new"; then
    echo "the README's table of specs is out of date: tests/docs/spec_table.sh --write CSGD README.md"
    exit 1
fi
