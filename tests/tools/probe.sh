#!/usr/bin/env bash
# probe.sh CSGD: the command on a file of gradients, and on what is none.
set -euo pipefail

csgd=$1
file=$(mktemp)
trap 'rm -f "$file" "$file.out"' EXIT

fail() {
    echo "$1"
    cat "$file.out"
    exit 1
}

# Eight gradients of 16 floats: 1, -2, 0.5, 4, over and over.
for _ in {1..32}; do
    printf '\x00\x00\x80\x3f\x00\x00\x00\xc0\x00\x00\x00\x3f\x00\x00\x80\x40'
done >"$file"

"$csgd" probe --n 16 --rho 0.9 "$file" "sign block=16" "topk k=2" >"$file.out" 2>&1 || fail "it failed"
grep -q "^8 gradients of 16 floats, momentum rho = 0.9" "$file.out" || fail "no headline"
grep -q "^sign block=16 .* take .*feedback=ecx rho=0.9" "$file.out" || fail "sign is not advised"
grep -q "^topk k=2 .*feedback=ecx2 rho=0.9" "$file.out" || fail "topk is not advised"
"$csgd" probe --n 16 "$file" >"$file.out" 2>&1 || fail "the usual specs failed"

"$csgd" probe --n 17 "$file" sign >"$file.out" 2>&1 && fail "a wrong length was taken"
grep -q "holds no gradients of 17 floats" "$file.out" || fail "no sentence for a wrong length"
"$csgd" probe --n 16 "$file" "sing" >"$file.out" 2>&1 && fail "a wrong spec was taken"
grep -q "did you mean" "$file.out" || fail "no sentence for a wrong spec"
"$csgd" probe "$file" >"$file.out" 2>&1 && fail "it went on without --n"
grep -q -- "--n is" "$file.out" || fail "no sentence without --n"
