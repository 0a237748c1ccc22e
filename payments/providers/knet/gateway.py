"""KNET behind the port."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from payments.providers.knet import client, codec, messages
from payments.providers.knet.settings import terminal
from payments.providers.port import BankReply, GatewayUnreachable, Notice, Order, Redirection


class Knet:
    """See `payments.providers.port.Provider`."""

    name = "knet"

    def order(self, order: Order) -> Redirection:
        """The address of the payment page. Raises NotConfigured, ValueError."""
        config = terminal()
        fields = messages.order_fields(
            order,
            tranportal_id=config.tranportal_id,
            password=config.password,
            langid=config.langids[order.language],
            response_url=config.response_url,
            error_url=config.error_url,
        )
        trandata = codec.encrypt(config.key, messages.order_text(fields))
        url = (
            f"{config.payment_url}?param=paymentInit&trandata={trandata}&tranportalId={config.tranportal_id}"
            f"&responseURL={config.response_url}&errorURL={config.error_url}"
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

    def inquire(self, *, trackid: str, fils: int) -> BankReply:
        """Ask by track id. Raises GatewayUnreachable, NotConfigured."""
        return self._call(messages.INQUIRY, trackid, fils)

    def refund(self, *, trackid: str, fils: int) -> BankReply:
        """Credit by track id. Raises GatewayUnreachable, NotConfigured."""
        return self._call(messages.CREDIT, trackid, fils)

    def _call(self, action: str, trackid: str, fils: int) -> BankReply:
        config = terminal()
        body = messages.call_xml(
            tranportal_id=config.tranportal_id,
            password=config.password,
            trackid=trackid,
            fils=fils,
            wrapped=config.xml_wrapper,
            action=action,
        )
        request = messages.mask_password(body)
        try:
            content = client.post_xml(config.tranpipe_url, body, ca_file=config.ca_file)
        except GatewayUnreachable as failure:
            raise GatewayUnreachable(failure.reason, request=request) from None
        text = content.decode("utf8", errors="backslashreplace").replace(config.password, messages.MASK).replace("\x00", "\\x00")
        try:
            fields = messages.read_xml(content)
        except messages.Malformed as error:
            raise GatewayUnreachable(f"malformed: {error}", request=request, response=text[: messages.MAX_XML]) from None
        fields.pop("password", None)
        return BankReply(messages.read_answer(fields, credited=config.credited_element), request, text, fields)
