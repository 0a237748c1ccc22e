from __future__ import annotations

import pytest

from municipality.kernel import money
from payments import rules
from payments.providers.knet import errors, messages
from payments.providers.knet.codec import Undecipherable
from payments.providers.port import Order

GOOD = "paymentid=100&result=CAPTURED&auth=999554&trackid=TRACK1&udf1=&amt=15.750&authRespCode=00"


def test_a_result_is_read_whatever_the_order_case_and_unknown_names() -> None:
    for text in (GOOD, GOOD + "&", GOOD + "&udf6=&newfield=1", "&".join(reversed(GOOD.split("&"))), GOOD.replace("paymentid", "PaymentID")):
        notice = messages.read_result(text)
        assert (notice.trackid, notice.result, notice.payment_id, notice.fils) == ("TRACK1", "CAPTURED", "100", 15_750)
    assert messages.read_result(GOOD.replace("CAPTURED", "NOT+CAPTURED")).result == "NOT CAPTURED"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "CAPTURED",
        GOOD + "&result=CAPTURED",
        GOOD + "&Result=CAPTURED",
        GOOD + "&result=",
        GOOD + "&password=x",
        GOOD + "&password=",
        GOOD + "&ID=999901",
        GOOD + "&action=1",
        GOOD + "&responseURL=x",
        GOOD + "&junk",
        GOOD.replace("paymentid=100&", ""),
        GOOD.replace("paymentid=100", "paymentid="),
        GOOD.replace("paymentid=100", "paymentid=1%00"),
        GOOD.replace("result=CAPTURED", "result="),
        GOOD.replace("trackid=TRACK1", "trackid=TRACK-1"),
        GOOD.replace("trackid=TRACK1", "trackid=" + "T" * 20),
        GOOD.replace("TRACK1", "%ff"),
        "&".join(f"n{i}=1" for i in range(60)) + "&" + GOOD,
    ],
)
def test_a_text_that_is_not_exactly_a_result_is_none(text: str) -> None:
    with pytest.raises(Undecipherable):
        messages.read_result(text)


@pytest.mark.parametrize("amount", ["15.75", "15,750", "", "abc", "-1.000", "1e3", "9999999.000"])
def test_an_unreadable_amount_is_no_amount(amount: str) -> None:
    assert messages.read_result(GOOD.replace("15.750", amount)).fils is None


def order(**changes: object) -> dict[str, str]:
    facts: dict[str, object] = {"trackid": "TRACK1", "fils": 15_750, "language": "ar", "bill_reference": "BIL-2026-000042-K"}
    return messages.order_fields(
        Order(**(facts | changes)),  # type: ignore[arg-type]
        tranportal_id="999901",
        password="p",
        langid="AR",
        response_url="https://a.example/r",
        error_url="https://a.example/e",
    )


def test_an_order_has_three_decimals_ascii_digits_and_empty_free_fields() -> None:
    fields = order()
    assert (fields["amt"], fields["udf1"]) == ("15.750", "BIL2026000042K")
    assert {fields[f"udf{n}"] for n in (2, 3, 4, 5)} == {""}
    assert messages.order_text(fields).startswith("id=999901&password=p&action=1&langid=AR&currencycode=414&amt=15.750&responseURL=")


@pytest.mark.parametrize(
    "changes", [{"trackid": "T" * 20}, {"trackid": "A-1"}, {"trackid": ""}, {"fils": 0}, {"fils": -1}, {"fils": money.MAX_FILS + 1}]
)
def test_an_order_that_the_bank_would_refuse_is_not_made(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not a"):
        order(**changes)


@pytest.mark.parametrize("value", ["a&b", "a=b", "a\nb", "ق"])
def test_a_value_cannot_break_out_of_its_field(value: str) -> None:
    with pytest.raises(ValueError, match="separator"):
        messages.order_text(order() | {"udf1": value})


@pytest.mark.parametrize(
    ("reference", "kept"),
    [("x&result=CAPTURED", "xresultCAPTURED"), ("٩٨٧", ""), ("a@b/c", "abc"), ("نص", ""), ("<b>", "b"), ("'; --", " ")],
)
def test_free_fields_keep_letters_and_digits_only(reference: str, kept: str) -> None:
    assert messages.udf(reference) == kept


ANSWER = (
    b"<result>CAPTURED</result><auth>null</auth><ref>632</ref><tranid>202</tranid><trackid>TRACK1</trackid><payid>100</payid>"
    b"<udf5>TrackID</udf5><amt>15.750</amt><authRespCode>00</authRespCode>"
)


@pytest.mark.parametrize(
    "body",
    [ANSWER, b'<?xml version="1.0"?>' + ANSWER, b"\xef\xbb\xbf" + ANSWER, b"<response>" + ANSWER + b"</response>", b"\n" + ANSWER + b"\n"],
)
def test_an_answer_without_a_root_is_read(body: bytes) -> None:
    answer = messages.read_answer(messages.read_xml(body))
    assert (answer.result, answer.trackid, answer.payment_id, answer.fils, answer.auth) == ("CAPTURED", "TRACK1", "100", 15_750, "")


def test_an_error_answer_is_read() -> None:
    body = (
        b"<result>!ERROR!-IPAY0100263-Transaction not found.</result><error_code_tag>IPAY0100263</error_code_tag>"
        b"<error_service_tag>null</error_service_tag>"
    )
    answer = messages.read_answer(messages.read_xml(body))
    assert rules.judge(answer, trackid="T", fils=1, payment_id=None) is rules.InquiryOutcome.NOT_FOUND


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"<result></result>",
        ANSWER + b"<result>CAPTURED</result>",
        b'<!DOCTYPE x [<!ENTITY a "b">]>' + ANSWER,
        b"\xff\xfe",
        b"<result>x</result>" + b" " * messages.MAX_XML,
    ],
)
def test_an_answer_that_cannot_be_read_is_malformed(body: bytes) -> None:
    with pytest.raises(messages.Malformed):
        messages.read_xml(body)


def test_an_inquiry_names_the_track_id_twice_and_its_password_is_masked_when_kept() -> None:
    xml = messages.call_xml(tranportal_id="1", password="s&cret", trackid="TRACK1", fils=15_750, wrapped=False)
    assert xml == (
        "<id>1</id><password>s&amp;cret</password><action>8</action><amt>15.750</amt><transid>TRACK1</transid><trackid>TRACK1</trackid>"
        "<udf5>TrackID</udf5>"
    )
    assert "cret" not in messages.mask_password(xml)
    wrapped = messages.call_xml(tranportal_id="1", password="p", trackid="T", fils=1, wrapped=True)
    assert wrapped.startswith("<request><id>") and wrapped.endswith("</request>")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("IPAY0100048", errors.ErrorKind.CANCELLED),
        ("IPAY0100042-Payment time limit exceeded.", errors.ErrorKind.TIME),
        ("PAY0100004", errors.ErrorKind.OURS),
        ("IPAY0100158", errors.ErrorKind.HOST),
        ("IPAY0100045", errors.ErrorKind.RISK),
        ("IPAY0200001", errors.ErrorKind.LATER),
        ("IPAY0100999", errors.ErrorKind.OTHER),
        ("<script>", errors.ErrorKind.OTHER),
        ("", errors.ErrorKind.OTHER),
    ],
)
def test_error_codes_are_matched_on_their_digits(code: str, kind: errors.ErrorKind) -> None:
    assert errors.kind_of(code) is kind
    assert errors.SENTENCES[kind]


def test_nothing_but_a_code_is_repeated() -> None:
    assert errors.sentence_for("IPAY0100048<b>")[0] == "IPAY0100048"
    assert errors.sentence_for("<b>IPAY0100048")[0] == ""
    assert sum(len(group) for group in errors._GROUPS.values()) == len(errors.CODES)


def test_free_fields_hold_255_letters_and_lose_what_is_none() -> None:
    assert messages.udf("a-b" * 10) == "ab" * 10
    assert messages.udf("x" * 255) == "x" * 255
    with pytest.raises(ValueError, match="too long"):
        messages.udf("x" * 256)


def test_an_order_of_one_fils_and_of_the_largest_amount_is_made() -> None:
    assert order(fils=1)["amt"] == "0.001"
    assert order(fils=999_999_999)["amt"] == "999999.999"


def test_an_order_is_a_purchase_in_dinars_with_both_addresses() -> None:
    assert order() == {
        "id": "999901",
        "password": "p",
        "action": "1",
        "langid": "AR",
        "currencycode": "414",
        "amt": "15.750",
        "responseURL": "https://a.example/r",
        "errorURL": "https://a.example/e",
        "trackid": "TRACK1",
        "udf1": "BIL2026000042K",
        "udf2": "",
        "udf3": "",
        "udf4": "",
        "udf5": "",
    }


@pytest.mark.parametrize(("length", "is_read"), [(1, True), (40, True), (41, False)])
def test_a_payment_id_has_forty_letters_and_digits_at_most(length: int, is_read: bool) -> None:
    text = GOOD.replace("paymentid=100", "paymentid=" + "1" * length)
    if is_read:
        assert messages.read_result(text).payment_id == "1" * length
    else:
        with pytest.raises(Undecipherable):
            messages.read_result(text)


def test_a_result_has_forty_fields_at_most() -> None:
    own = len(GOOD.split("&"))
    assert messages.read_result("&".join(f"n{i}=1" for i in range(40 - own)) + "&" + GOOD).trackid == "TRACK1"
    with pytest.raises(Undecipherable):
        messages.read_result("&".join(f"n{i}=1" for i in range(41 - own)) + "&" + GOOD)


def test_a_track_id_of_nineteen_characters_is_read() -> None:
    assert messages.read_result(GOOD.replace("TRACK1", "T" * 19)).trackid == "T" * 19


def test_an_answer_may_be_sixty_four_kibibytes_and_no_longer() -> None:
    body = ANSWER + b" " * (64 * 1024 - len(ANSWER))
    assert messages.read_xml(body)["result"] == "CAPTURED"
    with pytest.raises(messages.Malformed, match="too long"):
        messages.read_xml(body + b" ")


def test_every_fact_of_an_answer_is_read_from_its_own_element() -> None:
    fields = {
        "result": "CAPTURED",
        "trackid": "T1",
        "payid": "100",
        "tranid": "200",
        "ref": "300",
        "auth": "400",
        "postdate": "1124",
        "authrespcode": "00",
        "amt": "1.500",
        "error_code_tag": "IPAY0100033",
        "creditedamt": "0.750",
    }
    answer = messages.read_answer(fields, credited="creditedAmt")
    assert answer == rules.InquiryAnswer("CAPTURED", "T1", "100", "200", "300", "400", "1124", "00", 1_500, "IPAY0100033", 750)
    assert messages.read_answer(fields).credited_fils is None
    assert messages.read_answer({"result": "x", "paymentid": "9", "authresponsecode": "51"}).payment_id == "9"
    assert messages.read_answer({"result": "x", "authresponsecode": "51"}).auth_resp_code == "51"
    assert messages.read_answer({}) == rules.InquiryAnswer("")


def test_an_element_within_an_element_is_read_and_the_word_null_is_nothing() -> None:
    fields = messages.read_xml(b"<response><result> CAPTURED </result><Ref>null</Ref><auth/></response>")
    assert fields == {"result": "CAPTURED", "ref": "", "auth": ""}


def test_an_element_that_stands_twice_is_malformed_and_says_so() -> None:
    with pytest.raises(messages.Malformed, match="twice"):
        messages.read_xml(ANSWER + b"<AMT>15.750</AMT>")
    with pytest.raises(messages.Malformed, match="no result"):
        messages.read_xml(b"<trackid>T</trackid>")


def test_the_password_is_masked_over_several_lines_and_nothing_else_is() -> None:
    assert messages.mask_password("<id>1</id><password>a\nb</password><x>c</x>") == "<id>1</id><password>********</password><x>c</x>"


def test_a_credit_is_the_same_call_with_another_action() -> None:
    facts = {"tranportal_id": "1", "password": "p", "trackid": "T", "fils": 5, "wrapped": False}
    inquiry = messages.call_xml(**facts)  # type: ignore[arg-type]
    assert messages.call_xml(**facts, action=messages.CREDIT) == inquiry.replace("<action>8<", "<action>2<")  # type: ignore[arg-type]
