import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from subscribers.addresses import BadAddress, mailbox_of, normalised
from subscribers.models import EMAIL_MAX_LENGTH


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ada@Example.COM", "ada@example.com"),
        ("  ada@example.com\n", "ada@example.com"),
        ("ada+digest@mail.example.com", "ada+digest@mail.example.com"),
        ("ada@Bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@BÜCHER.example", "ada@xn--bcher-kva.example"),
        ("ada@XN--BCHER-KVA.example", "ada@xn--bcher-kva.example"),
        ("ada@bu\u0308cher.example", "ada@xn--bcher-kva.example"),
        ("ada@straße.example", "ada@xn--strae-oqa.example"),
        ("ada@例え.テスト", "ada@xn--r8jz45g.xn--zckzah"),
        ("ada＠example.com", "ada@example.com"),
        ("ada@ｅｘａｍｐｌｅ。com", "ada@example.com"),
        ("\ufeffada@example.com\u200b", "ada@example.com"),
        ("ada@inbox.test", "ada@inbox.test"),
    ],
)
def test_one_person_has_one_spelling(typed, kept):
    assert normalised(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ada",
        "ada@",
        "@example.com",
        "ada@example",
        "ada@localhost",
        "ada@[127.0.0.1]",
        "Ada <ada@example.com>",
        "<ada@example.com>",
        "ada@example.com.",
        "ada@.example.com",
        "ada@example..com",
        "ada@-example.com",
        "ada@exam_ple.com",
        "ada@xn--abc.example",
        "ada(home)@example.com",
        "mailto:ada@example.com",
        "ada@bob@example.com",
        "ada@bob＠example.com",
        "ada@exam\u200bple.com",
        "ada@exam\u202eple.com",
        "ada@example.com, bob@example.com",
        "ada@example.com bob@example.com",
        "ada@example.com;bob@example.com",
        "ada@example.com\nBcc: bob@example.net",
        "ada@example.com\r\nbob",
        "ada\x00@example.com",
        "ada@exam\x00ple.com",
        '"ada b"@example.com',
        "ada..b@example.com",
        "a" * 65 + "@example.com",
        "ada@" + "a" * 64 + ".example",
        "a@" + "b." * 5000 + "example",
        "x" * 10_000,
    ],
)
def test_what_is_not_one_address_is_refused(typed):
    with pytest.raises(BadAddress):
        normalised(typed)


def test_a_local_part_beyond_ascii_is_refused_with_its_reason():
    with pytest.raises(BadAddress, match="before the @"):
        normalised("jörg@example.com")


@pytest.mark.parametrize("typed", ["Ada <ada@example.com>", "<ada@example.com>"])
def test_an_address_with_a_name_is_refused_with_that_reason(typed):
    with pytest.raises(BadAddress, match="the address alone"):
        normalised(typed)


@pytest.mark.parametrize("typed", ["jörg", "日本", "bücher.example"])
def test_what_has_no_at_sign_is_not_refused_for_its_letters(typed):
    with pytest.raises(BadAddress, match="not a complete"):
        normalised(typed)


def test_two_addresses_are_refused_with_that_reason():
    with pytest.raises(BadAddress, match="one address only"):
        normalised("ada@example.com,bob@example.com")


@hypothesis_settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_one_clean_address_or_refused(text):
    try:
        address = normalised(text)
    except BadAddress:
        return
    assert address.count("@") == 1
    assert address == address.lower()
    assert address.isascii()
    assert address.isprintable()
    assert len(address) <= EMAIL_MAX_LENGTH


spelled = st.from_regex(
    r"[A-Za-z0-9]{1,20}(\.[a-zA-Z]{1,5})?@[A-Za-z]{1,20}\.(com|ORG|de)", fullmatch=True
)


@hypothesis_settings(deadline=None)
@given(spelled)
def test_normalising_twice_changes_nothing(text):
    try:
        address = normalised(text)
    except BadAddress:
        return
    assert normalised(address) == address
    assert normalised(text.swapcase()) == address


# Letters that IDNA 2008 lets into a name and that have capitals of their own.
labels = st.text("abcxyzäöüéèçñøåšžабвгд", min_size=1, max_size=12)


@hypothesis_settings(deadline=None)
@given(labels)
def test_a_domain_is_one_address_by_its_letters_and_by_its_a_labels(label):
    try:
        address = normalised(f"ada@{label}.example")
    except BadAddress:
        return
    assert address.isascii()
    assert normalised(address) == address
    assert normalised(address.upper()) == address
    assert normalised(f"ada@{label.upper()}.example") == address


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("ada@example.com", "ada@example.com"),
        ("ada+a+b@example.com", "ada@example.com"),
        ("a.da+news@example.com", "a.da@example.com"),
        ("a.d.a+news@gmail.com", "ada@gmail.com"),
        ("ada@googlemail.com", "ada@gmail.com"),
        ("a.da@mail.gmail.com", "a.da@mail.gmail.com"),
        ("+news@example.com", "+news@example.com"),
    ],
)
def test_addresses_that_lead_to_one_mailbox_are_counted_as_one(address, mailbox):
    assert mailbox_of(address) == mailbox
