"""The links of the staff pages, opened one by one."""

from __future__ import annotations

from bs4 import BeautifulSoup
from django.test import Client


def links(client: Client, page: str = "/admin/") -> list[str]:
    """The addresses of this portal that a page links to, without those of a part of a page."""
    soup = BeautifulSoup(client.get(page).content, "html.parser")
    found = [str(link["href"]).partition("#")[0] for link in soup.select("a[href]")]
    return sorted({href for href in found if href.startswith("/") and "_language=" not in href})


def refused(client: Client, page: str = "/admin/") -> dict[str, int]:
    """The links of a page that do not open, with their status; those that lead to the proof of a person open by it."""
    found = {href: client.get(href, follow=True).status_code for href in links(client, page)}
    return {href: status for href, status in found.items() if status != 200}
