"""The shipped deployment fits its schema, the settings and the front door's own parser."""

from __future__ import annotations

import http.client
import re
import shutil
import ssl
import subprocess
import sys
import threading
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.urls import reverse

from payments.statements import mapping
from script.support.services import free_port
from shops.imports import columns
from tools.stack.front import PROGRAM, nginx, rendered
from violations.legacy_fines import columns as reading
from zoning.imports import columns as plot_columns


@pytest.fixture(scope="module")
def compose(root: Path) -> Any:
    return yaml.safe_load((root / "docker-compose.yml").read_text(encoding="utf8"))


def test_the_compose_file_fits_the_compose_schema(root: Path) -> None:
    command = [str(Path(sys.executable).with_name("check-jsonschema")), "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"]
    answer = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_every_service_of_the_production_shape_is_there(compose: Any) -> None:
    assert set(compose["services"]) == {"nginx", "web", "worker", "beat", "migrate", "postgres", "broker", "cache"}
    assert compose["services"]["web"]["deploy"]["replicas"] >= 2
    assert compose["services"]["beat"]["deploy"]["replicas"] == 1


def test_every_service_that_stays_has_a_health_check(compose: Any) -> None:
    assert [name for name, service in compose["services"].items() if name != "migrate" and "healthcheck" not in service] == []


def test_the_broker_never_evicts_and_the_cache_does(compose: Any) -> None:
    broker, cache = (" ".join(compose["services"][name]["command"]) for name in ("broker", "cache"))
    assert "--maxmemory-policy noeviction" in broker
    assert "--appendonly yes --appendfsync everysec" in broker
    assert "--maxmemory-policy allkeys-lru" in cache


def test_the_portal_runs_without_root_on_a_read_only_system(compose: Any) -> None:
    for name in ("web", "worker", "beat", "migrate"):
        service = compose["services"][name]
        assert service["user"].split(":")[0] not in ("0", "root")
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]


def test_no_secret_stands_in_the_environment(compose: Any) -> None:
    """A secret comes from a file that the service really gets."""
    secret = re.compile(r"(KEY|PASSWORD|PASSPHRASE|DATABASE_URL|REDIS_URL|CACHE_URL|TRANPORTAL_ID)(_FILE)?$")
    for name in ("web", "worker", "beat", "migrate"):
        service = compose["services"][name]
        given = {f"/run/secrets/{one}" for one in service["secrets"]}
        for variable, value in service["environment"].items():
            if secret.search(variable):
                assert variable.endswith("_FILE"), variable
            if variable.endswith("_FILE"):
                assert value in given, (name, variable)


def test_every_variable_of_the_deployment_is_one_the_portal_reads(compose: Any, root: Path) -> None:
    read = "".join(p.read_text(encoding="utf8") for folder in ("municipality/settings", "deploy") for p in (root / folder).glob("*.py"))
    for variable in compose["services"]["web"]["environment"] | compose["services"]["migrate"]["environment"]:
        assert f'"{variable.removesuffix("_FILE")}"' in read or f'"{variable}"' in read, variable


def test_every_setting_of_the_environment_file_reaches_the_portal(compose: Any, root: Path) -> None:
    for name in ("web", "worker", "beat", "migrate"):
        assert compose["services"][name]["env_file"] == [{"path": ".env", "required": False}]
    assert ".env" in (root / ".dockerignore").read_text(encoding="utf8").split()


def test_the_page_of_operations_names_every_secret_and_how_it_is_read(compose: Any, root: Path) -> None:
    text = (root / "docs" / "operations.md").read_text(encoding="utf8")
    steps = text[text.index("## Deploying") : text.index("### Components")]
    assert [one["file"] for one in compose["secrets"].values() if f"`{Path(one['file']).name}`" not in steps] == []
    assert "files with mode 644" in steps, "a container reads a secret as a user of its own"


def test_the_page_of_operations_has_what_the_front_page_sends_its_reader_to(root: Path) -> None:
    headings = re.findall(r"^##+ (.+)$", (root / "docs" / "operations.md").read_text(encoding="utf8"), re.M)
    assert {"Deploying", "Accounts of staff", "Upgrading", "Backing up", "Restoring", "Changing keys"} <= set(headings)
    assert "first start, upgrades, backups, restore and key rotation" in (root / "README.md").read_text(encoding="utf8")


def test_databases_and_redis_are_reached_from_inside_only(compose: Any) -> None:
    for name in ("postgres", "broker", "cache"):
        assert compose["services"][name]["networks"] == ["inside"]
        assert "ports" not in compose["services"][name]
    assert compose["networks"]["inside"]["internal"] is True


def test_the_image_installs_by_hash_and_ends_as_a_user_of_its_own(root: Path) -> None:
    text = (root / "Dockerfile").read_text(encoding="utf8")
    assert "--require-hashes" in text
    assert re.findall(r"^USER (.+)$", text, re.M)[-1] == "portal"


def test_the_health_check_asks_for_the_host_of_pages(root: Path) -> None:
    """Also where the host that serves files only stands first in ALLOWED_HOSTS."""
    hosts: list[str] = []

    class Web(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hosts.append(self.headers["Host"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Nothing on the terminal."""

    with HTTPServer(("127.0.0.1", 0), Web) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        environment = {"WEB_BIND": f"0.0.0.0:{server.server_port}", "ALLOWED_HOSTS": "files.example.test,portal.example.test"}
        environment["PORTAL_URL"] = "https://portal.example.test"
        assert subprocess.run([sys.executable, str(root / "deploy" / "probe.py"), "web"], env=environment).returncode == 0
    assert hosts == ["portal.example.test"]


def test_the_front_door_parses(tmp_path: Path) -> None:
    if PROGRAM is None:
        pytest.skip("nginx was not found; install the package nginx")
    ports = free_port(), free_port(), free_port()
    path = rendered(tmp_path, plain=ports[0], secure=ports[1], portal=ports[2])
    answer = subprocess.run([str(PROGRAM), "-t", "-c", str(path), "-e", "stderr"], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr


def test_the_front_door_gives_the_bank_no_redirect(root: Path) -> None:
    text = (root / "deploy" / "nginx.conf").read_text(encoding="utf8")
    for path in ("/pay/knet/response", "/pay/knet/error"):
        block = re.search(rf"location = {path} \{{(.*?)\}}", text, re.S)
        assert block is not None
        assert "return" not in block[1]
        # What the bank sends in its busiest second passes many times over.
        assert re.search(r"limit_req zone=bank burst=500 nodelay;", block[1])
    assert re.search(r"limit_req_zone \$binary_remote_addr zone=bank:1m rate=50r/s;", text)


def test_what_slow_clients_send_and_fetch_waits_on_the_disk(compose: Any, root: Path) -> None:
    """In the memory of /tmp, four forms of 64 MB sent slowly would leave no room for anybody else's."""
    text = (root / "deploy" / "nginx.conf").read_text(encoding="utf8")
    mounted = dict(volume.split(":")[:2] for volume in compose["services"]["nginx"]["volumes"])
    for directive in ("client_body_temp_path", "proxy_temp_path"):
        (path,) = re.findall(rf"^ *{directive} (\S+);", text, re.M)
        assert path.startswith(f"{mounted['waiting']}/")
    assert "waiting" in compose["volumes"]


STATEMENT = "/admin/payments/bankstatement/load/"


@pytest.mark.parametrize(
    ("location", "most"),
    [
        (f"= {STATEMENT}", mapping.MAX_BYTES),
        ("~ ^/admin/plots/(files|layers)/", plot_columns.MAX_BYTES),
        ("~ ^/admin/(office/paper|register/(sheets|corrections)|field|inspections)/", max(reading.MAX_BYTES, columns.MAX_BYTES)),
    ],
)
def test_the_front_door_takes_the_largest_file_that_its_reader_takes(root: Path, location: str, most: int) -> None:
    assert reverse("admin:payments_bankstatement_load") == STATEMENT
    text = (root / "deploy" / "nginx.conf").read_text(encoding="utf8")
    block = re.search(rf"location {re.escape(location)} \{{(.*?)\}}", text, re.S)
    assert block is not None
    limit = re.search(r"client_max_body_size (\d+)m;", block[1])
    assert limit is not None and most + 64 * 1024 <= int(limit[1]) * 1024**2  # the file, and the form around it


@pytest.mark.parametrize(
    "path",
    [
        *[f"/{language}/{page}/" for language in ("ar", "en") for page in ("report", "report/photos", "report/send", "reports/A1/mine")],
        "/admin/eye/A1/",
        "/admin/eye/sync/",
        "/admin/field/new/",
        "/admin/field/sync/",
        "/admin/inspections/A1/",
        "/admin/inspections/sync/",
        "/open311/v2/requests.json",
    ],
)
def test_the_front_door_takes_photos(root: Path, path: str) -> None:
    text = (root / "deploy" / "nginx.conf").read_text(encoding="utf8")
    blocks = re.findall(r"location ~ (\S+) \{(.*?)\}", text, re.S)
    block = next((block for pattern, block in blocks if re.search(pattern, path)), "")
    assert "client_max_body_size 64m;" in block
    assert settings.UPLOADS_MAX_REQUEST <= 64 * 1024**2


def test_the_log_of_the_front_door_does_not_tell_from_where_a_report_came(root: Path) -> None:
    text = (root / "deploy" / "nginx.conf").read_text(encoding="utf8")
    (pattern,) = re.findall(r"map \$uri \$client \{\s+~(\S+) -;\s+default \$remote_addr;\s+\}", text)
    (written,) = re.findall(r"log_format portal '(.*)';", text)
    assert written.startswith("$client ") and "$remote_addr" not in written
    theirs = [reverse(f"reports:{name}") for name in ("new", "send", "photo_held")]
    theirs += [reverse(f"reports:{name}", args=["a1"]) for name in ("sent", "mine", "me_too", "ban")]
    theirs += [path[3:] for path in theirs]  # without the language, before the redirect
    assert theirs[0].startswith("/ar/") and all(re.search(pattern, path) for path in theirs)
    blocks = re.findall(r"location ~ (\S+) \{(.*?)\}", text, re.S)
    first = [next((block for place, block in blocks if re.search(place, path)), "") for path in theirs]
    assert all("error_log stderr crit;" in block for block in first), "other lines of the log of errors have the address"
    assert not re.search(pattern, reverse("reports:report", args=["a1"])), "what everybody reads has an address"


@pytest.mark.parametrize("name", ["10-application-role.sh"])
def test_the_shell_scripts_of_the_deployment_parse(root: Path, name: str) -> None:
    shell = shutil.which("sh")
    assert shell
    assert subprocess.run([shell, "-n", str(root / "deploy" / "postgres" / name)]).returncode == 0


@pytest.mark.skipif(PROGRAM is None, reason="nginx was not found; install the package nginx")
@pytest.mark.parametrize(
    ("path", "size", "status", "words"),
    [
        ("/ar/", 2_000_000, 413, "More was sent than the form takes"),
        ("/ar/report/", 70_000_000, 413, "please send fewer of them"),
        ("/ar/", 0, 502, "The portal is away"),
    ],
)
def test_what_the_front_door_refuses_by_itself_is_said_in_both_languages(
    tmp_path: Path, path: str, size: int, status: int, words: str
) -> None:
    plain, secure, nobody = free_port(), free_port(), free_port()
    with nginx(rendered(tmp_path, plain=plain, secure=secure, portal=nobody)):
        got, kind, body = _post(secure, b"x" * size, path)
    assert (got, kind) == (status, "text/html; charset=utf-8")
    assert words in body
    assert "لم يتغيّر شيء" in body or "يُرجى المحاولة" in body


@pytest.mark.skipif(PROGRAM is None, reason="nginx was not found; install the package nginx")
@pytest.mark.parametrize(
    ("line", "field", "status", "words"),
    [
        (4070, 0, 414, "The address is too long"),
        (7000, 0, 414, "The address is too long"),
        (9000, 0, 414, "The address is too long"),
        (100, 9000, 431, "delete the cookies of this site"),
        (4069, 8000, 502, "The portal is away"),
    ],
)
def test_a_head_that_is_too_long_is_refused_in_both_languages(tmp_path: Path, line: int, field: int, status: int, words: str) -> None:
    plain, secure, nobody = free_port(), free_port(), free_port()
    with nginx(rendered(tmp_path, plain=plain, secure=secure, portal=nobody)):
        got, kind, body = _post(secure, b"", "/ar/?q=".ljust(line, "x"), Cookie="x" * field)
    assert (got, kind) == (status, "text/html; charset=utf-8")
    assert words in body and "يُرجى" in body


CURL = shutil.which("curl")
SHIPPED = ("http2_max_concurrent_streams 64;", "limit_conn lines 256;")


@pytest.mark.skipif(PROGRAM is None or CURL is None, reason="nginx or curl was not found")
@pytest.mark.parametrize("is_shipped", [True, False], ids=["as shipped", "control: with 40 lines"])
def test_a_phone_that_asks_for_many_tiles_at_once_is_not_refused(tmp_path: Path, is_shipped: bool) -> None:
    """Over one connection of HTTP/2, on which nginx counts each request."""

    class Slow(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            time.sleep(0.5)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None: ...

    class Wide(ThreadingHTTPServer):
        request_queue_size = 128  # all at once; with the five of the library, connections try again seconds later

    plain, secure = free_port(), free_port()
    with Wide(("127.0.0.1", 0), Slow) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        path = rendered(tmp_path, plain=plain, secure=secure, portal=server.server_port)
        text = path.read_text(encoding="utf8")
        if not is_shipped:
            path.write_text(text.replace(SHIPPED[0], "").replace(SHIPPED[1], "limit_conn lines 40;"), encoding="utf8")
        with nginx(path):
            _post(secure, b"")  # until it listens
            command = [str(CURL), "-sk", "--http2", "-Z", "--parallel-max", "100", "-o", "/dev/null", "-w", "%{http_code} "]
            address = f"https://127.0.0.1:{secure}/static/tile?[1-90]"
            answer = subprocess.run([*command, address], capture_output=True, text=True, timeout=60)
        server.shutdown()
    statuses = answer.stdout.split()
    assert len(statuses) == 90 and ("429" in statuses) is not is_shipped, set(statuses)


@pytest.mark.skipif(PROGRAM is None, reason="nginx was not found; install the package nginx")
@pytest.mark.parametrize(("path", "status"), [(STATEMENT, 502), ("/admin/payments/bankstatement/", 413)])
def test_a_settlement_file_of_full_size_comes_through_the_front_door(tmp_path: Path, path: str, status: int) -> None:
    plain, secure, nobody = free_port(), free_port(), free_port()
    with nginx(rendered(tmp_path, plain=plain, secure=secure, portal=nobody)):
        assert _post(secure, b"x" * mapping.MAX_BYTES, path)[0] == status  # 502: nobody stands behind this door


def _post(port: int, body: bytes, path: str = "/ar/", **headers: str) -> tuple[int, str, str]:
    """Status, type and text of the front door's answer, tried until nginx listens. Raises ConnectionRefusedError after ten seconds."""
    unverified = ssl._create_unverified_context()
    until = time.monotonic() + 10
    while True:
        with closing(http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=unverified)) as line:
            try:
                line.request("POST", path, body, headers)
                answer = line.getresponse()
                return answer.status, str(answer.getheader("Content-Type")), answer.read().decode()
            except ConnectionRefusedError:
                if time.monotonic() > until:
                    raise
        time.sleep(0.05)
