#!/bin/sh
# Signs a request with hmac-v1 and sends it. Needs a POSIX shell, curl, openssl and od.
#
# Usage: sign.sh METHOD URL [BODY]
#
# Environment: KEYLATTICE_KEY_ID, KEYLATTICE_SECRET, KEYLATTICE_AUDIENCE,
#              KEYLATTICE_CONTENT_TYPE (default application/json, sent with a body)
set -eu
LC_ALL=C

sha256() { openssl dgst -sha256 -r | cut -c 1-64; }
to_hex() { od -An -v -tx1 | tr -d ' \n'; }

# from_hex HEX: the bytes themselves.
from_hex() {
  rest=$1
  while [ -n "$rest" ]; do
    tail=${rest#??}
    # shellcheck disable=SC2059 # the format is the byte
    printf "\\$(printf %03o "0x${rest%"$tail"}")"
    rest=$tail
  done
}

# pad HEX BYTE: a block of 64 bytes, each byte of the key XOR BYTE, as hex.
pad() {
  rest=$1
  count=0
  while [ "$count" -lt 64 ]; do
    tail=${rest#??}
    byte=${rest%"$tail"}
    printf %02x "$((0x${byte:-0} ^ $2))"
    rest=$tail
    count=$((count + 1))
  done
}

# hmac_sha256 SECRET < message: RFC 2104 by hand, because `openssl dgst -hmac SECRET` would show
# the secret to everybody who can list processes. `printf` is built in; its arguments are not listed.
hmac_sha256() {
  key=$(printf %s "$1" | to_hex)
  [ "${#key}" -le 128 ] || key=$(from_hex "$key" | sha256)
  inner=$({ from_hex "$(pad "$key" 0x36)"; cat; } | sha256)
  { from_hex "$(pad "$key" 0x5c)"; from_hex "$inner"; } | sha256
}

[ $# -eq 2 ] || [ $# -eq 3 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
method=$1
url=${2%%#*}
body=${3-}

# The request target exactly as curl sends it: everything behind the host.
rest=${url#*://}
host=${rest%%[/?]*}
target=${rest#"$host"}
case $target in /*) ;; *) target=/$target ;; esac

content_type=
[ -z "$body" ] || content_type=${KEYLATTICE_CONTENT_TYPE:-application/json}
timestamp=$(date +%s)000
nonce=$(openssl rand -hex 16)
digest=$(printf %s "$body" | sha256)
signature=$(
  printf '%s\n' keylattice-hmac-v1 "$KEYLATTICE_AUDIENCE" "$KEYLATTICE_KEY_ID" "$timestamp" "$nonce" '' \
    "$method" "$target" "$content_type" | { cat; printf %s "$digest"; } | hmac_sha256 "$KEYLATTICE_SECRET"
)

set -- --silent --show-error --fail-with-body --path-as-is --globoff --request "$method" \
  --header "X-API-Key: $KEYLATTICE_KEY_ID" \
  --header "X-API-Timestamp: $timestamp" \
  --header "X-API-Nonce: $nonce" \
  --header "X-API-Signature: $signature" \
  --header "Content-Type:${content_type:+ $content_type}"
[ -z "$body" ] || set -- "$@" --data-binary @-
printf %s "$body" | curl "$@" "$url"
