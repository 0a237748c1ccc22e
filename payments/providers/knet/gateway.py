"""KNET behind the port."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from payments.providers.knet import client, codec, messages
from payments.providers.knet.settings import terminal
from payments.providers.port import GatewayUnreachable, Notice, Order, Redirection, Reply


class Knet:
    """See `payments.providers.port.Provider`."""

    name = "knet"

    def order(self, order: Order) -> Redirection:
        """The address of the payment page. Raises NotConfigured, ValueError."""
        at = terminal()
        fields = messages.order_fields(
            order,
            tranportal_id=at.tranportal_id,
            password=at.password,
            langid=at.langids[order.language],
            response_url=at.response_url,
            error_url=at.error_url,
        )
        trandata = codec.encrypt(at.key, messages.order_text(fields))
        url = (
            f"{at.payment_url}?param=paymentInit&trandata={trandata}&tranportalId={at.tranportal_id}"
            f"&responseURL={at.response_url}&errorURL={at.error_url}"
        )
        return Redirection(url, trandata, fields | {"password": messages.MASK})

    def read_notification(self, text: str) -> Notice | None:
        """The claim, or None whatever is wrong. Raises NotConfigured."""
        key = terminal().key
        try:
            notice = messages.read_result(codec.decrypt(key, text))
        except codec.Undecipherable:
            return None
        return replace(notice, fingerprint=hashlib.sha256(text.lower().encode()).hexdigest())

    def inquire(self, *, trackid: str, fils: int) -> Reply:
        """Ask by track id. Raises GatewayUnreachable, NotConfigured."""
        return self._call(messages.INQUIRY, trackid, fils)

    def refund(self, *, trackid: str, fils: int) -> Reply:
        """Credit by track id. Raises GatewayUnreachable, NotConfigured."""
        return self._call(messages.CREDIT, trackid, fils)

    def _call(self, action: str, trackid: str, fils: int) -> Reply:
        at = terminal()
        body = messages.call_xml(
            tranportal_id=at.tranportal_id, password=at.password, trackid=trackid, fils=fils, wrapped=at.xml_wrapper, action=action
        )
        sent = messages.mask_password(body)
        try:
            content = client.post_xml(at.tranpipe_url, body, ca_file=at.ca_file)
        except GatewayUnreachable as failure:
            raise GatewayUnreachable(failure.why, request=sent) from None
        text = content.decode("utf8", errors="backslashreplace").replace(at.password, messages.MASK).replace("\x00", "\\x00")
        try:
            fields = messages.read_xml(content)
        except messages.Malformed as error:
            raise GatewayUnreachable(f"malformed: {error}", request=sent, response=text[: messages.MAX_XML]) from None
        fields.pop("password", None)
        return Reply(messages.read_answer(fields, credited=at.credited_element), sent, text, fields)
