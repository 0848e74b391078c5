"""Makes a bucket by one request signed with AWS's signature version 4."""

import datetime
import hashlib
import hmac
import time
import urllib.error
import urllib.request

from bed.failure import Failure

EMPTY = hashlib.sha256(b"").hexdigest()


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def headers(server, method, path, now):
    host = server["endpoint"].split("//")[1]
    stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    names = "host;x-amz-content-sha256;x-amz-date"
    canonical = "\n".join([method, path, "", "host:" + host, "x-amz-content-sha256:" + EMPTY, "x-amz-date:" + stamp, "", names, EMPTY])
    scope = "%s/%s/s3/aws4_request" % (day, server["region"])
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + server["secretKey"]).encode()
    for part in (day, server["region"], "s3", "aws4_request"):
        key = sign(key, part)
    authorization = "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s" % (server["accessKey"], scope, names, sign(key, text).hex())
    return {"host": host, "x-amz-content-sha256": EMPTY, "x-amz-date": stamp, "authorization": authorization}


def make_bucket(server):
    """The server's own pools are made with the first bucket: it may answer 5xx for a few seconds before."""
    path = "/" + server["bucket"]
    for attempt in range(30):
        request = urllib.request.Request(server["endpoint"] + path, method="PUT")
        for name, value in headers(server, "PUT", path, datetime.datetime.now(datetime.timezone.utc)).items():
            request.add_header(name, value)
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60):
                return
        except urllib.error.HTTPError as error:
            if error.code < 500 or attempt == 29:
                raise Failure("unable to make bucket %s: %d %s" % (server["bucket"], error.code, error.read().decode("utf-8", "replace")))
        except OSError as error:
            if attempt == 29:
                raise Failure("unable to make bucket %s: %s" % (server["bucket"], error))
        time.sleep(0.5)
