#!/usr/bin/env python3
"""Signs a request with hmac-v1 and sends it. Python 3.8 or later, standard library only.

Usage: sign.py METHOD URL [BODY]

Environment: KEYLATTICE_KEY_ID, KEYLATTICE_SECRET, KEYLATTICE_AUDIENCE,
             KEYLATTICE_CONTENT_TYPE (default application/json, sent with a body)
"""

import hashlib
import hmac
import os
import secrets
import sys
import time
import urllib.error
import urllib.request


def sign(method, target, content_type, body):
    """The headers of one request. `target` is the path and query exactly as they will be sent."""
    key_id = os.environ["KEYLATTICE_KEY_ID"]
    timestamp = str(time.time_ns() // 1_000_000)
    nonce = secrets.token_urlsafe(16)
    text = "\n".join(
        [
            "keylattice-hmac-v1",
            os.environ["KEYLATTICE_AUDIENCE"],
            key_id,
            timestamp,
            nonce,
            "",  # no receive window: the server's own
            method,
            target,
            content_type,
            hashlib.sha256(body).hexdigest(),
        ]
    )
    secret = os.environ["KEYLATTICE_SECRET"].encode()
    headers = {
        "X-API-Key": key_id,
        "X-API-Timestamp": timestamp,
        "X-API-Nonce": nonce,
        "X-API-Signature": hmac.new(secret, text.encode(), hashlib.sha256).hexdigest(),
    }
    if content_type:
        headers["Content-Type"] = content_type
    return headers


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A signature is meant for one server: it is not sent on to another."""

    def redirect_request(self, *_):
        return None


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    method, url = sys.argv[1:3]
    body = sys.argv[3].encode() if len(sys.argv) == 4 else b""
    content_type = (os.environ.get("KEYLATTICE_CONTENT_TYPE") or "application/json") if body else ""
    request = urllib.request.Request(url, data=body or None, method=method)
    for name, value in sign(method, request.selector or "/", content_type, body).items():
        request.add_header(name, value)
    try:
        response = urllib.request.build_opener(NoRedirect).open(request)
    except urllib.error.HTTPError as refusal:
        response = refusal
    sys.stdout.buffer.write(response.read())
    sys.exit(0 if response.status < 300 else 1)


if __name__ == "__main__":
    main()
