"""The HTTP client: limits on time and size, verified certificates, no redirects."""

from __future__ import annotations

import time

import requests

from payments.providers.port import GatewayUnreachable

CONNECT, READ, TOTAL = 3, 10, 20  # seconds
MAX_ANSWER = 64 * 1024  # bytes


def post_xml(url: str, body: str, *, ca_file: str = "") -> bytes:
    """POST to `tranPipe` and return the bytes of a 200. Raises GatewayUnreachable without addresses in its text."""
    deadline = time.monotonic() + TOTAL
    try:
        with requests.Session() as session:
            session.trust_env = False  # neither proxies nor certificates from the environment
            with session.post(
                f"{url}?param=tranInit&",
                data=body.encode("utf8"),
                headers={"Content-Type": "application/xml", "Accept-Encoding": "identity"},
                timeout=(CONNECT, READ),
                allow_redirects=False,
                verify=ca_file or True,
                stream=True,
            ) as answer:
                if answer.status_code != 200:
                    raise GatewayUnreachable(f"status {answer.status_code}")
                return _read(answer, deadline)
    except requests.RequestException as error:
        raise GatewayUnreachable(type(error).__name__) from None
    except OSError as error:  # an unreadable certificate file
        raise GatewayUnreachable(type(error).__name__) from None


def _read(answer: requests.Response, deadline: float) -> bytes:
    content = b""
    for chunk in answer.iter_content(8192):
        content += chunk
        if len(content) > MAX_ANSWER:
            raise GatewayUnreachable("answer too long")
        if time.monotonic() > deadline:
            raise GatewayUnreachable("answer too slow")
    return content
