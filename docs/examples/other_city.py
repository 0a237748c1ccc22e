"""The system of another city reads what Kuwait Municipality takes, sends a report and follows it. Standard library only.

python docs/examples/other_city.py https://PORTAL/open311/v2 KEY [PHOTO.jpg]

Give PHOTO.jpg to send it with the report. The key comes from Kuwait Municipality (docs/open311.md).
"""

from __future__ import annotations

import json
import sys
import urllib.parse
import urllib.request
import uuid
from pathlib import Path
from typing import Any

WHERE = {"lat": "29.3328", "long": "48.0283"}


def read(base: str, path: str, **query: str) -> Any:
    """A JSON document of the interface."""
    address = f"{base}/{path}.json?{urllib.parse.urlencode(query)}"
    with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - the address is an argument
        return json.load(answer)


def send(base: str, fields: dict[str, str], photo: Path | None) -> Any:
    """Send a form with a photo as multipart/form-data. Sent again with the same id of ours, it stays one report."""
    border = uuid.uuid4().hex
    parts = [f'--{border}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()]
    if photo is not None:
        head = f'--{border}\r\nContent-Disposition: form-data; name="media"; filename="{photo.name}"\r\nContent-Type: image/jpeg\r\n\r\n'
        parts.append(head.encode() + photo.read_bytes() + b"\r\n")
    body = b"".join([*parts, f"--{border}--\r\n".encode()])
    headers = {"Content-Type": f"multipart/form-data; boundary={border}"}
    request = urllib.request.Request(f"{base}/requests.json", body, headers)  # noqa: S310 - the address is an argument
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - the address is an argument
        return json.load(answer)


def main(base: str, key: str, photo: str = "") -> None:
    service = next(one for one in read(base, "services", locale="en") if one["metadata"])
    print("Service:", service["service_code"], "-", service["service_name"])
    questions = read(base, f"services/{service['service_code']}", locale="en")["attributes"]
    answers = {f"attribute[{one['code']}]": one["values"][-1]["key"] for one in questions}
    fields = {"api_key": key, "service_code": service["service_code"], "description": "حاوية ممتلئة", **WHERE, **answers}
    fields["attribute[fixmystreet_id]"] = "2026-000123"  # the number of the report in our system
    sent = send(base, fields, Path(photo) if photo else None)[0]
    print("Sent:", sent["service_request_id"], sent["service_notice"] or "")
    report = read(base, f"requests/{sent['service_request_id']}", extensions="true", locale="en")[0]
    print("State:", report["status"], "-", report["status_notes"], "- promised by", report["expected_datetime"])
    for note in report["notes"]:
        print(" ", note["datetime"], note["description"])
    print("Open within 500 m:", len(read(base, "requests", status="open", radius="500", **WHERE)))


if __name__ == "__main__":
    main(*sys.argv[1:])
