"""The guards every simulator has, and the simulators as processes: where they refuse to start, and what a kill leaves."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.simulators import serving
from sandbox.simulators.knet import protocol

from .conftest import Counter, KnetCounter, Merchant, until

DOUBLES = Path(serving.__file__).parent
KEYS = {"KNET_TRANPORTAL_ID": "999901", "KNET_PASSWORD": "999901pg", "KNET_RESOURCE_KEY": "1234567890ABCDEF", "MOCI_KEY": "tests-only"}


class Running:
    """A simulator in a process of its own, started by its path."""

    def __init__(self, name: str, var: Path, environment: dict[str, str] | None = None, port: int = 0) -> None:
        kept = {key: value for key, value in os.environ.items() if key not in (*KEYS, "PORT", "PORTAL_DEMO")}
        self.process = subprocess.Popen(
            [sys.executable, str(DOUBLES), name, "--port", str(port)],
            env=kept | {"PORTAL_DEMO": "1", "PORTAL_VAR": str(var)} | (environment or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def url(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert "http://127.0.0.1:" in line, self.process.communicate()
        return line.split()[-1]

    def end(self, how: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.process.communicate(timeout=10)
        return self.process.returncode


@pytest.fixture
def started() -> Iterator[list[Running]]:
    running: list[Running] = []
    yield running
    for one in running:
        one.end(signal.SIGKILL)


@pytest.mark.parametrize("name", ["knet", "mobile_id", "sms", "moci"])
def test_a_double_starts_by_path_without_the_rest_of_the_project_and_ends_cleanly(
    name: str, tmp_path: Path, started: list[Running]
) -> None:
    started.append(Running(name, tmp_path, KEYS))
    url = started[0].url()
    assert requests.get(f"{url}/healthz", timeout=5).json() == {"status": "ok"}
    mapped = Path(f"/proc/{started[0].process.pid}/status").read_text(encoding="ascii")
    kilobytes = int(re.search(r"VmRSS:\s+(\d+)", mapped)[1])  # type: ignore[index]
    assert kilobytes < (34 if name == "knet" else 25) * 1024
    assert started[0].end() == 0


@pytest.mark.parametrize("name", ["knet", "mobile_id", "sms", "moci"])
@pytest.mark.parametrize("demo", ["", "0", "true"])
def test_no_double_starts_outside_the_demo(name: str, demo: str, tmp_path: Path, started: list[Running]) -> None:
    started.append(Running(name, tmp_path, KEYS | {"PORTAL_DEMO": demo}))
    _, complaint = started[0].process.communicate(timeout=10)
    assert started[0].process.returncode == 2
    assert "PORTAL_DEMO=1" in complaint
    assert complaint.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("keys", "word"), [({}, "KNET_TRANPORTAL_ID"), (KEYS | {"KNET_RESOURCE_KEY": "short"}, "16")])
def test_the_gateway_names_the_key_it_lacks(keys: dict[str, str], word: str, tmp_path: Path, started: list[Running]) -> None:
    started.append(Running("knet", tmp_path, keys))
    _, complaint = started[0].process.communicate(timeout=10)
    assert (started[0].process.returncode, complaint.count("\n"), word in complaint) == (2, 1, True)


def test_a_busy_port_is_said_in_one_sentence(tmp_path: Path, started: list[Running]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        started.append(Running("sms", tmp_path, port=port))
        _, complaint = started[0].process.communicate(timeout=10)
    assert (started[0].process.returncode, complaint.count("\n"), str(port) in complaint) == (2, 1, True)


def test_the_gateways_book_survives_a_kill_and_sends_what_was_due(tmp_path: Path, started: list[Running], merchant: Merchant) -> None:
    started.append(Running("knet", tmp_path, KEYS))
    knet = KnetCounter(started[0].url(), merchant)
    knet.settings(shape=1)
    paymentid = knet.open("KEPT")
    knet.pay("KEPT")
    knet.open("DUE", "delayed_notification:1")
    knet.pay("DUE")
    before = knet.get("/control/book").json()
    assert started[0].end(signal.SIGKILL) == -signal.SIGKILL
    assert len(merchant.heard) == 1
    started.append(Running("knet", tmp_path, KEYS))
    knet = KnetCounter(started[1].url(), merchant)
    assert knet.get("/control/book").json()["transactions"][0] == before["transactions"][0]
    assert knet.ask(trackid="KEPT", transid="KEPT")["payid"] == paymentid
    until(lambda: len(merchant.heard) == 2)
    assert knet.told()["trackid"] == "DUE"
    assert "Error=IPAY0100114&" in knet.enter(trackid="KEPT").headers["Location"]


def test_a_kill_between_decision_and_acknowledgement_sends_the_notification_again(
    tmp_path: Path, started: list[Running], merchant: Merchant
) -> None:
    merchant.seconds = 2
    started.append(Running("knet", tmp_path, KEYS))
    knet = KnetCounter(started[0].url(), merchant)
    paymentid = knet.open()
    page = requests.Request("POST", f"{knet.url}/kpg/decide", data={"paymentid": paymentid, "result": "CAPTURED"}).prepare()
    port = int(knet.url.rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", "/kpg/decide", page.body, dict(page.headers))
    until(lambda: knet.statement()["result"])
    started[0].end(signal.SIGKILL)
    connection.close()
    merchant.seconds = 0
    started.append(Running("knet", tmp_path, KEYS))
    knet = KnetCounter(started[1].url(), merchant)
    until(lambda: knet.statement()["acks"] == 1)
    assert knet.told()["result"] == "CAPTURED"
    assert knet.statement()["voided"] is False


@pytest.mark.parametrize("name", ["mobile_id", "sms"])
def test_the_other_books_survive_a_kill(name: str, tmp_path: Path, started: list[Running]) -> None:
    started.append(Running(name, tmp_path))
    counter = Counter(started[0].url())
    message = {"to": "+96550000001", "text": "x", "idempotency_key": "k"}
    asked: dict[str, Any] = dict.fromkeys(("service_id", "service_ar", "service_en", "reason_ar", "reason_en"), "x")
    path, body = ("/messages", message) if name == "sms" else ("/auth-requests", asked | {"callback_url": "http://127.0.0.1:9/"})
    first = counter.post(path, json=body).json()
    started[0].end(signal.SIGKILL)
    started.append(Running(name, tmp_path))
    counter = Counter(started[1].url())
    if name == "sms":
        assert counter.post(path, json=body).json() == first
    else:
        assert counter.get(f"/auth-requests/{first['request_id']}").json()["status"] == "pending"


@pytest.mark.parametrize(
    ("host", "status"), [("127.0.0.1", 200), ("localhost:80", 200), ("[::1]", 200), ("evil.example", 421), ("127.0.0.1.evil.example", 421)]
)
def test_only_names_of_this_machine_are_answered(sms: Counter, host: str, status: int) -> None:
    assert sms.get("/messages", headers={"Host": host}).status_code == status


def test_a_foreign_page_can_neither_command_nor_press_a_button(sms: Counter, knet: KnetCounter) -> None:
    mode = '{"mode": "down"}'
    assert sms.post("/control/mode", data=mode, headers={"Content-Type": "text/plain"}).status_code == 415
    assert sms.post("/messages", json={"to": "+96550000001", "text": "x", "idempotency_key": "k"}).status_code == 202
    assert sms.post("/control/mode", data=mode, headers={"Content-Type": "application/json"}).status_code == 200  # control
    paymentid = knet.open()
    form = {"paymentid": paymentid, "result": "CAPTURED"}
    assert knet.post("/kpg/decide", data=form, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert knet.statement()["result"] is None
    assert knet.post("/kpg/decide", data=form, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 302  # control


def test_a_body_too_long_or_of_unknown_length_is_refused(sms: Counter) -> None:
    assert sms.post("/messages", data=b"x" * (serving.BODY_LIMIT + 1)).status_code == 413
    assert sms.post("/messages", data=iter([b"x"])).status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nowhere", 404), ("POST", "/", 405), ("GET", "/messages", 200), ("HEAD", "/", 200)]
)
def test_unknown_paths_and_methods_are_told_apart(sms: Counter, method: str, path: str, status: int) -> None:
    assert requests.request(method, sms.url + path, timeout=5).status_code == status


def test_pages_load_nothing_from_elsewhere_and_carry_no_script(sms: Counter, knet: KnetCounter) -> None:
    for page in (sms.get("/"), knet.get(f"/kpg/paymentpage.htm?PaymentID={knet.open()}")):
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert not re.search(r"<script|\sstyle=|\son\w+=|(?:src|href)=\"https?:", page.text)
    assert sms.get("/style.css").headers["Content-Type"].startswith("text/css")


def test_the_server_listens_on_loopback_only() -> None:
    server = serving.start(serving.Application(), 0)
    try:
        assert server.server_address[0] == "127.0.0.1"
        with pytest.raises(OSError, match="in use"):
            serving.start(serving.Application(), server.server_port)
    finally:
        server.server_close()


def test_a_call_follows_no_redirect(merchant: Merchant) -> None:
    merchant.status = 302
    assert serving.call(f"{merchant.url}/x", b"a=b", "text/plain").status == 302
    assert len(merchant.heard) == 1


def test_the_simulators_import_nothing_of_the_project() -> None:
    names = ", ".join(f"simulators.{name}.server" for name in ("knet", "mobile_id", "sms"))
    source = f"import sys; sys.path.append(sys.argv[1]); import {names}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", source, str(DOUBLES.parent)], capture_output=True, text=True, check=True, cwd="/"
    ).stdout.split()
    assert "simulators.knet.gateway" in loaded
    roots = {name.partition(".")[0] for name in loaded}
    assert not roots & {"municipality", "django", "celery", "payments", "kernel", "settings"}


def test_the_order_of_a_payment_is_kept_out_of_the_process_output(tmp_path: Path, started: list[Running]) -> None:
    started.append(Running("knet", tmp_path, KEYS))
    url = started[0].url()
    secret = protocol.encrypt(b"1234567890ABCDEF", "id=999901")
    requests.get(f"{url}/kpg/PaymentHTTP.htm", params={"param": "paymentInit", "trandata": secret}, timeout=5)
    time.sleep(0.05)
    started[0].process.send_signal(signal.SIGTERM)
    out, err = started[0].process.communicate(timeout=10)
    assert secret not in out + err
