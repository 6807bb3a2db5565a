#!/usr/bin/env bash
# spec_table.sh CSGD README: whether the README's tables, of specs and of optimizers, are what the
# parsers' own tables say.
#
#     spec_table.sh --write CSGD README    put them there
set -euo pipefail

write=no
if [ "$1" = --write ]; then
    write=yes
    shift
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$2" "$work/new"

for table in specs optimizers; do
    "$1" help "$table" --markdown >"$work/table"
    mv "$work/new" "$work/old"
    awk -v table="$work/table" -v name="$table" '
        $0 == "<!-- " name ": end -->" { skip = 0; ends++ }
        !skip { print }
        $0 == "<!-- " name ": begin -->" {
            print ""
            while ((getline line < table) > 0) print line
            print ""
            skip = 1
        }
        END { exit ends != 1 }' "$work/old" >"$work/new" || {
        echo "the README has no place for the table of $table"
        exit 1
    }
done

if [ "$write" = yes ]; then
    cat "$work/new" >"$2"
elif ! diff -u "$2" "$work/new"; then
    echo "the README's tables are out of date: tests/docs/spec_table.sh --write CSGD README.md"
    exit 1
fi
