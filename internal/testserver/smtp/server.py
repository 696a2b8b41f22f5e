"""A real SMTP server for tests: aiosmtpd that puts each message into a Maildir.

Settings come as JSON on the first line of standard input. It prints "ready PORT TLSPORT" and ends at the end of its standard input.
"""

import asyncio
import hmac
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Maildir:
    """Takes messages. A message is written to tmp and moved to new, so that a reader never sees a part of one (maildir(5))."""

    def __init__(self, settings):
        self.dir = settings["dir"]
        self.unknown = set(settings["unknown"])
        self.count = 0
        for sub in ("tmp", "new", "cur"):
            os.makedirs(os.path.join(self.dir, sub), exist_ok=True)

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.unknown:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        name = "%08d.%d.test" % (self.count, os.getpid())
        login = session.auth_data.login.decode() if session.auth_data else "-"
        head = "Return-Path: <%s>\r\n" % envelope.mail_from
        head += "".join("Delivered-To: %s\r\n" % rcpt for rcpt in envelope.rcpt_tos)
        head += "X-Session: tls=%s login=%s options=%s\r\n" % (
            "no" if session.ssl is None and not server.transport.get_extra_info("ssl_object") else "yes",
            login, ",".join(envelope.mail_options))
        path = os.path.join(self.dir, "tmp", name)
        with open(path, "wb") as f:
            f.write(head.encode() + envelope.original_content)
        os.rename(path, os.path.join(self.dir, "new", name))
        return "250 2.0.0 taken as %s" % name


class Login:
    """What AUTH found out."""

    def __init__(self, login):
        self.login = login


async def main():
    settings = json.loads(sys.stdin.readline())

    def check(server, session, envelope, mechanism, data):
        good = (hmac.compare_digest(data.login, settings["user"].encode()) and
                hmac.compare_digest(data.password, settings["password"].encode()))
        return AuthResult(success=good, handled=False, auth_data=Login(data.login))

    handler = Maildir(settings)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(settings["certificate"], settings["key"])
    same = dict(enable_SMTPUTF8=True, hostname="mx.acme.example", authenticator=check, auth_required=bool(settings["user"]),
                auth_exclude_mechanism=settings["without"], timeout=60)

    def plain():
        tls = None if settings["no_tls"] else context
        return SMTP(handler, tls_context=tls, require_starttls=settings["require_tls"], auth_require_tls=not settings["no_tls"], **same)

    def implicit():
        return SMTP(handler, auth_require_tls=False, **same)

    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(plain, "127.0.0.1", 0),
               await loop.create_server(implicit, "127.0.0.1", 0, ssl=context)]
    print("ready", *[s.sockets[0].getsockname()[1] for s in servers], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    for s in servers:
        s.close()


asyncio.run(main())
