"""A caller through nginx: deploy/nginx/voice-gateway.conf as it stands, with HTTPS and a real Chromium."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, sync_playwright

from tests.support import chromium
from tests.support.calls import ROOT, SAMPLES
from tests.support.chromium import Chromium, microphone
from tests.support.gateway_process import GatewayProcess
from tests.support.netns import Loopback

pytestmark = [pytest.mark.peers, pytest.mark.timeout(180)]

CONFIG = (ROOT / "deploy/nginx/voice-gateway.conf").read_text(encoding="utf-8")
NAME = "hotline.example.com"
TOKEN = "a-token-that-nobody-guesses"  # noqa: S105 - of this test alone
NUMBER = "13900001001"
URL = f"https://{NAME}/"
START_S = 10.0
STRANGER = """
import http.client, ssl, sys
tls = ssl._create_unverified_context()
site = http.client.HTTPSConnection("127.0.0.1", context=tls, source_address=("127.0.0.2", 0))
site.request("POST", "/whip", headers={"Host": sys.argv[1], "X-Forwarded-For": "192.0.2.9"})
print(site.getresponse().status)
"""
"""Calls without a token from another address, and claims to be from a third."""


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@contextmanager
def nginx(folder: Path, prefix: Sequence[str]) -> Iterator[Path]:
    """The file of `deploy`, with a certificate of its own. Yields the access log."""
    certificate, key, log = folder / "certificate.pem", folder / "key.pem", folder / "access.log"
    made = f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN={NAME}"
    subprocess.run([*made.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
    site = re.sub(r"(ssl_certificate +)[^;]+", rf"\g<1>{certificate}", CONFIG)
    site = re.sub(r"(ssl_certificate_key +)[^;]+", rf"\g<1>{key}", site)
    site = re.sub(r"(access_log +)/[^ ]+", rf"\g<1>{log}", site)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    kept = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    (folder / "nginx.conf").write_text(
        f"user root; daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
        f"http {{ {kept}\n{site}\n}}\n"
    )
    command = shlex.join([*prefix, "env", "PATH=/usr/sbin:/sbin:/usr/bin:/bin", "nginx", "-c", f"{folder}/nginx.conf"])
    with subprocess.Popen(shlex.split(command), stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + START_S
        while not (folder / "pid").is_file() or not (folder / "pid").read_text().strip():
            told = process.stderr.read() if process.poll() is not None and process.stderr else ""
            assert process.poll() is None, f"nginx doesn't start: {told}"
            assert time.monotonic() < deadline, "nginx doesn't start"
            time.sleep(0.05)
        try:
            yield log
        finally:
            process.terminate()


def test_the_page_and_its_calls_work_through_nginx_as_its_file_has_it(
    tmp_path: Path, playwright: Playwright, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the name of the site, over TLS, with a token; the gateway knows callers by their own addresses."""
    rules = (f"--host-resolver-rules=MAP {NAME} 127.0.0.1", "--ignore-certificate-errors")
    monkeypatch.setattr(chromium, "FLAGS", (*chromium.FLAGS, *rules))
    settings = {
        "listen": ["http://127.0.0.1:8080"],
        "host_names": [NAME],
        "trusted_proxies": ["127.0.0.1/32"],
        "access_token": TOKEN,
        "claimed_numbers": True,
        "media_addresses": ["127.0.0.1"],
        "media_ports": "30000-30999",
    }
    voice = microphone(tmp_path / "voice.wav", (4.0, SAMPLES / "balance_1.wav"))
    with Loopback() as network, nginx(tmp_path, network.prefix) as log:
        gateway = GatewayProcess(tmp_path / "gateway", webrtc=settings, sip={"listen": []}, prefix=network.prefix)
        with gateway, Chromium(playwright, tmp_path / "chromium", network.prefix, voice) as browser:
            caller = browser.open(f"http://{NAME}/?processing=off&from={NUMBER}#token={TOKEN}")
            assert caller.page.url.startswith(URL), "plain HTTP leads to HTTPS"
            caller.dial()
            caller.wait_words("查话费")
            caller.page.click("#call")
            caller.wait_state("ended")
            assert caller.complaints == []
            headers = caller.page.evaluate(
                "() => fetch('/whip', {method: 'OPTIONS'}).then((got) => [got.status, "
                "got.headers.get('accept-post'), got.headers.get('strict-transport-security')])"
            )
            assert headers == [204, "application/sdp", "max-age=31536000"]
            caller.close()
            call = gateway.ended("")
            stranger = [*network.prefix, sys.executable, "-c", STRANGER, NAME]
            assert subprocess.run(stranger, check=True, capture_output=True, text=True).stdout == "401\n"
            assert "a request from 127.0.0.2 is refused: token" in gateway.log
    assert call.disposition in ("completed", "abandoned")
    assert call.line is not None
    assert call.line["packets_received"] > 100
    requests = log.read_text()
    assert '"POST /whip"' in requests
    assert NUMBER not in requests, "the number that a page calls from is nobody's business"
    assert "/whip/" not in requests, "the path of a call is its secret"
    assert TOKEN not in requests
