from __future__ import annotations

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.providers.knet import codec

KEY = b"1234567890ABCDEF"
VECTORS = {
    ("amt=10.000&trackid=BLD20261124000001"): (
        "d9dab8e585f18b74489b3ed2a45d12f953fda49c8c9088015df78c4d866a51a388abb27fd904ae0f8500cd6d00101277"
    ),
    (
        "id=999901&password=999901pg&action=1&langid=AR&currencycode=414&amt=15.750&responseURL=https://portal.example.gov.kw/pay"
        "/knet/response&errorURL=https://portal.example.gov.kw/pay/knet/error&trackid=BLD20261124000002&udf1=BILL000042&udf2=&udf"
        "3=&udf4=&udf5="
    ): (
        "90af02f74a4d40bc4434d5e42e0a02d19f3ae1d8234897247a973ac1ee5a246e3f7cc9c679efbab2e7067a605832a53719d11c7edfa55c80b310a497"
        "a1fcfe1582aad53ba43d4f194bae62fbf68e0b995dc4ecd18dfc266b34273caec268baaa6bb754f8bec69a6f55a4090aa3c78ed26566ea3f02c49d4f"
        "63cd00ea4ae753aac84fc9d714d98146e83066513c61d4e784f7e74bca6ad83926e7b621472306effbdc21f9f1c42a9eda1b58c06f52a3618e9e30dd"
        "9cb9997e43099c0fb505eee771d68b77775c29fd89e43fd03eb381f21d05967c0bdef9037a033af5e9543270f8a77dec184c128fbfbcd3673bc57fcc"
        "e4b7877e21142f0703269bdedb61bdcc"
    ),
    (
        "paymentid=100202632912345678&result=CAPTURED&auth=999554&avr=N&ref=632912000123&tranid=202632987654321&postdate=1124&tra"
        "ckid=BLD20261124000002&udf1=BILL000042&udf2=&udf3=&udf4=&udf5=&amt=15.750&authRespCode=00"
    ): (
        "aeae4e5ed0396237de618908f823e03bab673e848f9781eb429b7457f96e94be5df579c7f644bc722a5a40b2c3ef829889632599c3263e64454aa17b"
        "f7cecb792c9f37f37974aa77fe748a9399ae24606d8c49e011c1e888fa23dad9c621b21c076b2268e8850b232474b0429ca793f558ac7dfe4fd3eb8f"
        "2a38f855f245db0f7781d4cc4e97eb99720141659403e63b49580e0ca6bfe1c69ed4d10c97e908823accf7df27aa5d52c694e9e890c5a1f62eca39f6"
        "9ed9938066b0f191763c51c83c5c92546b406f929f5e56f454850507ed786453c92f3e3b0be2cff001d42897"
    ),
    (
        "paymentid=100202632912345679&result=NOT+CAPTURED&auth=000000&avr=N&ref=632912000124&tranid=202632987654322&postdate=1124"
        "&trackid=BLD20261124000003&udf1=BILL000043&udf2=&udf3=&udf4=&udf5=&amt=5.000&authRespCode=51"
    ): (
        "aeae4e5ed0396237de618908f823e03b53cd9fdb753cda2cf411599c1c3fe461d7fea80a466728613f9dfc01290d793b3b6b0a74e9c6b913a93fca29"
        "4175d9041d162cfbd39e260657ae36e7a14dece311791da202f6f86ff89a8749e066c05faa829b663bf051005882d102691e7565b9c1b7e4f3f9467b"
        "9ff66fb10e2d585975e6ecadab9686445b21054ddb7848bfb4874bf66a56f62531c7c1a0a972f94b6a6f8524ad219cf1d64707c129e7fe1a65a70f32"
        "a3b8e5ab60679febf4ec7b246bb8976115cc78682f4c72adce8d99d63e93a8e6cc1616cc49c2c2483be17751"
    ),
}


@pytest.mark.parametrize(("plain", "cipher"), VECTORS.items(), ids=["V1", "V2", "V3", "V4"])
def test_the_published_vectors_hold_in_both_directions_and_cases(plain: str, cipher: str) -> None:
    assert codec.encrypt(KEY, plain) == cipher
    assert codec.decrypt(KEY, cipher) == codec.decrypt(KEY, cipher.upper()) == plain


def test_a_text_of_whole_blocks_gets_a_block_of_padding() -> None:
    cipher = "5d55d0cabfbb4bddcaccf70751b3c714092e9ed2170e7bb98420059a0719f8e0"
    assert codec.encrypt(b"AbCdEfGhIjKlMnOp", "result=CANCELED&") == cipher
    assert codec.decrypt(b"AbCdEfGhIjKlMnOp", cipher) == "result=CANCELED&"


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=300))
def test_what_was_encrypted_is_read_again(text: str) -> None:
    assert codec.decrypt(KEY, codec.encrypt(KEY, text)) == text


@pytest.mark.parametrize(
    "cipher", ["", "0", "00" * 15, "00" * 17, "zz" * 16, "00" * 16, " " + "00" * 16, "٠" * 32, "00" * (codec.MAX_HEX // 2 + 16)]
)
def test_everything_else_is_undecipherable_without_a_reason(cipher: str) -> None:
    with pytest.raises(codec.Undecipherable) as refused:
        codec.decrypt(KEY, cipher)
    assert not refused.value.args


@given(st.binary(min_size=16, max_size=256).filter(lambda b: len(b) % 16 == 0))
def test_noise_is_read_as_printable_text_or_refused_and_never_fails_otherwise(noise: bytes) -> None:
    try:
        text = codec.decrypt(KEY, noise.hex())
    except codec.Undecipherable:
        return
    assert text.isascii() and text.isprintable()


def test_a_key_of_another_length_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="16 characters"):
        codec.encrypt(b"short", "x")


def test_a_wrong_key_reads_nothing() -> None:
    cipher = codec.encrypt(KEY, "paymentid=1&result=CAPTURED&trackid=T")
    for _ in range(50):
        with pytest.raises(codec.Undecipherable):
            codec.decrypt(secrets.token_hex(8).encode(), cipher)


def test_a_ciphertext_may_be_sixteen_kibibytes_of_hex_and_no_longer() -> None:
    longest = codec.encrypt(KEY, "a" * 8191)
    assert len(longest) == 16 * 1024
    assert codec.decrypt(KEY, longest) == "a" * 8191
    with pytest.raises(codec.Undecipherable):
        codec.decrypt(KEY, codec.encrypt(KEY, "a" * 8192))


@pytest.mark.parametrize("text", ["paymentid=1\n&result=CAPTURED", "a\x00b", "\x7f", "a\tb"])
def test_a_text_with_a_control_character_is_undecipherable(text: str) -> None:
    with pytest.raises(codec.Undecipherable):
        codec.decrypt(KEY, codec.encrypt(KEY, text))
