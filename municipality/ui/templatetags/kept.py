"""`{% kept … %}`: a piece of a page that is drawn once a process and language, since nothing in it depends on the visitor."""

from __future__ import annotations

from typing import Any

from django.template import Context, Library, Node, NodeList, TemplateSyntaxError
from django.template.base import FilterExpression, Parser, Token
from django.urls import get_urlconf
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = Library()
MOST = 200  # pieces that one place of a template keeps; beyond that it begins anew


class KeptNode(Node):
    """Keeps what its body was drawn to, by language, addresses and the values of `keys`. Lives as long as its template."""

    def __init__(self, body: NodeList, keys: list[FilterExpression]) -> None:
        self.body, self.keys = body, keys
        self.drawn: dict[tuple[Any, ...], SafeString] = {}

    def render(self, context: Context) -> SafeString:
        key = (get_language(), get_urlconf(), *(expression.resolve(context) for expression in self.keys))
        found = self.drawn.get(key)
        if found is None:
            if len(self.drawn) >= MOST:
                self.drawn.clear()
            found = self.drawn[key] = self.body.render(context)
        return found


@register.tag
def kept(parser: Parser, token: Token) -> KeptNode:
    """`{% kept [value …] %}…{% endkept %}`. The body may depend on the language and on the values named, which must be hashable.

    Never round anything of a person, a request, a form with answers, a `csrf_token` or a `block`.
    """
    keys = [parser.compile_filter(bit) for bit in token.split_contents()[1:]]
    body = parser.parse(("endkept",))
    parser.delete_first_token()
    for node in body.get_nodes_by_type(Node):
        if type(node).__name__ in ("BlockNode", "CsrfTokenNode"):
            raise TemplateSyntaxError("a kept piece holds neither a block nor a csrf_token")
    return KeptNode(body, keys)
