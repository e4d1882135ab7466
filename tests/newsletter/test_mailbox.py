"""Mail that stays here: written whole, read by anybody's browser, harmful to nobody."""

import os
import re
from datetime import UTC, datetime
from email.message import Message

import pytest
from django.conf import settings as configured
from django.core.mail import EmailMultiAlternatives, get_connection
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from newsletter import mailbox
from newsletter.mailbox_views import FRAME_POLICY, in_new_tabs
from tests.factories import make_reader, make_source

UID = "6f1f2c9e-4f5e-4b57-9a43-0d7c0c5a9d11"
HTML = "<html><head><title>t</title></head><body><p>Good <b>morning</b></p></body></html>"


@pytest.fixture(autouse=True)
def stays_here(settings):
    settings.EMAIL_BACKEND = settings.MAILBOX_BACKEND
    settings.BASE_HOST = "localhost"


@pytest.fixture
def folder(settings):
    settings.MAILBOX_DIR.mkdir(parents=True, exist_ok=True)
    return settings.MAILBOX_DIR


def send(to="ada@example.com", subject="News", html=HTML, uid=UID, **headers):
    message = EmailMultiAlternatives(
        subject=subject,
        body="Good morning",
        from_email="digest@example.org",
        to=[to],
        headers={"Message-ID": f"<{uid}@example.org>", **headers},
    )
    if html:
        message.attach_alternative(html, "text/html")
    assert get_connection().send_messages([message]) == 1
    return mailbox.names(configured.MAILBOX_DIR)[0]


# --- Writing -----------------------------------------------------------------------------


def test_a_message_can_be_found_by_its_message_id(folder):
    send()
    assert [file.name for file in folder.iterdir() if UID in file.name] == [
        f"{mailbox.names(folder)[0]}.eml"
    ]


def test_the_same_message_sent_twice_is_kept_twice(folder):
    send()
    send()
    assert len(mailbox.names(folder)) == 2


def test_messages_are_listed_the_newest_first(folder):
    for number in range(3):
        send(subject=f"Number {number}", uid=f"{number}")
    subjects = [letter.subject for letter in mailbox.glances(folder, mailbox.names(folder))]
    assert subjects == ["Number 2", "Number 1", "Number 0"]


def test_a_half_written_message_is_never_listed(folder, monkeypatch):
    def dies(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("pathlib.Path.replace", dies)
    with pytest.raises(KeyboardInterrupt):
        send()
    assert os.listdir(folder), "the draft is there"
    assert mailbox.names(folder) == []


def test_a_full_disk_is_an_error_and_no_sent_message(folder, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        send()


def test_a_message_to_nobody_is_not_kept(folder):
    assert get_connection().send_messages([EmailMultiAlternatives("s", "b")]) == 0
    assert mailbox.names(folder) == []


def test_what_is_read_is_what_was_sent(folder):
    opened = mailbox.read(folder, send(subject="Größe & Ünicode ☂", html="<p>Größe</p>"))
    assert opened.letter.subject == "Größe & Ünicode ☂"
    assert opened.letter.addresses == ("ada@example.com",)
    assert isinstance(opened.letter.at, datetime)
    assert "<p>Größe</p>" in opened.html
    assert opened.text.strip() == "Good morning"
    assert ("Message-ID", f"<{UID}@example.org>") in opened.headers
    assert opened.source.startswith("Content-Type: multipart/alternative")


@given(identity=st.text(min_size=1))
def test_no_message_id_leads_out_of_the_folder(identity):
    message = Message()
    message["Message-ID"] = identity
    name = mailbox.name_of(message, datetime(2026, 11, 20, tzinfo=UTC))
    assert re.fullmatch(mailbox.NAME, name)


# --- Reading what may be anything ---------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\xff\xfe\x80", b"no header at all", b"\n\nbody only"],
    ids=["empty", "binary", "prose", "body"],
)
def test_a_file_that_is_no_message_is_shown_as_such(content, folder, client, db):
    (folder / "20261120T040000000000-broken.eml").write_bytes(content)
    listed = client.get(reverse("mailbox:list"))
    assert b"This file is no message" in listed.content
    shown = client.get(reverse("mailbox:letter", args=["20261120T040000000000-broken"]))
    assert shown.status_code == 200
    assert b"This file is no message" in shown.content


@pytest.mark.parametrize(
    "content",
    [
        b"Subject: =?no-such-charset?b?AAAA?=\nTo: x\nDate: yesterday\n\nhi",
        b"Subject: =?utf-8?b?A?=\nTo: =?utf-8?q?=FF?= <a@example.com>\n\nhi",
        b"To: a@example.com\nContent-Type: text/html; charset=klingon\n\n<p>hi</p>",
        b"To: a@example.com\nContent-Transfer-Encoding: base64\n\n!!!!",
        b"To: a@example.com\nContent-Type: multipart/mixed; boundary=x\n\nno parts",
        b"To: a@example.com\nSubject: " + b"x" * 100_000 + b"\n\nhi",
        b"To: a@example.com\nDate: Fri, 31 Dec 9999 23:59:59 -2359\n\nhi",
        b"To: a@example.com\nDate: Mon, 01 Jan 0001 00:00:00 +2359\n\nhi",
        b'To: a@example.com\nContent-Type: text/plain; charset="\x00"\n\nhi',
        b"To: a@example.com\nContent-Type: text/plain; charset*=\"a\x00b''utf-8\"\n\nhi",
        b"To: a@example.com\nContent-Type: text/html; charset*" + b"9" * 5_000 + b"*=x\n\nhi",
        b"To: a@example.com\nContent-Type: text/plain; charset=idna\n\nxn--\xff",
        b"To: a@example.com\nContent-Type: text/html; charset=undefined\n\nhi",
        b"To: a@example.com\nContent-Type: text/html; charset=utf-7\n\n<p>+2AA- half",
        b"Subject: =?raw_unicode_escape?q?=5Cud800?=\nTo: a@example.com\n\nhi",
        b"To: " + b"(" * 60_000 + b"\n\nhi",
        b"To: a@example.com\nContent-Type: message/rfc822\n\n" * 1_500,
        b"".join(
            b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(1_500)
        ),
        b"To: a@example.com\nContent-Type: multipart/mixed; boundary=x",
        b"".join(b"X-%d: y\n" % n for n in range(20_000)) + b"\nhi",
    ],
    ids=lambda content: ascii(content[:50]),
)
def test_a_damaged_message_is_shown_as_far_as_it_goes(content, folder, client, db):
    (folder / "20261120T040000000000-odd.eml").write_bytes(content)
    assert client.get(reverse("mailbox:list")).status_code == 200
    for view in ("html", "text", "headers", "source", "nonsense"):
        url = reverse("mailbox:letter", args=["20261120T040000000000-odd"])
        assert client.get(url, {"view": view}).status_code == 200
    frame = reverse("mailbox:frame", args=["20261120T040000000000-odd"])
    assert client.get(frame).status_code == 200


@given(content=st.binary(max_size=400))
def test_no_bytes_stop_the_reader(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("mailbox")
    (folder / "x.eml").write_bytes(content)
    assert mailbox.read(folder, "x").source is not None
    assert [letter.name for letter in mailbox.glances(folder, ["x"])] == ["x"]


def test_a_folder_with_a_messages_name_is_shown_as_no_message(folder, client, db):
    (folder / "x.eml").mkdir()
    assert b"This file is no message" in client.get(reverse("mailbox:list")).content
    assert client.get(reverse("mailbox:letter", args=["x"])).status_code == 200


def test_a_mailbox_that_does_not_exist_yet_is_empty(client, db):
    page = client.get(reverse("mailbox:list"))
    assert page.status_code == 200
    assert b"No mail yet" in page.content


@pytest.mark.parametrize("name", ["..", ".hidden", "../x", "a/b", "/etc/passwd", "", "x\0", "x\n"])
def test_no_name_leads_out_of_the_folder(name, folder):
    (folder.parent / "x.eml").write_text("To: secret@example.com\n\n")
    (folder / ".hidden.eml").write_text("To: secret@example.com\n\n")
    with pytest.raises(mailbox.NoLetter):
        mailbox.read(folder, name)


@pytest.mark.parametrize(
    "path", ["/mailbox/../settings/", "/mailbox/%2e%2e%2fx/", "/mailbox/.hidden/", "/mailbox/x/"]
)
def test_paths_out_of_the_mailbox_are_not_found(path, folder, client, db):
    (folder.parent / "x.eml").write_text("To: secret@example.com\n\n")
    answer = client.get(path)
    assert answer.status_code == 404
    assert b"secret@example.com" not in answer.content


# --- Pages -------------------------------------------------------------------------------


def test_the_list_says_to_whom_what_they_chose_and_that_mail_stays_here(client, db):
    make_reader("ada@example.com", sources=[make_source(), make_source()])
    make_reader("kemi@example.com")
    send("ada@example.com", subject="For <Ada>")
    send("kemi@example.com")
    page = client.get(reverse("mailbox:list")).content.decode()
    assert "nothing leaves this machine" in page
    assert "For &lt;Ada&gt;" in page
    assert "2 sources" in page
    assert "all sources" in page


def test_the_list_can_be_narrowed_to_a_recipient(client, db):
    send("ada@example.com", subject="Wanted")
    send("ben@example.com", subject="Unwanted")
    page = client.get(reverse("mailbox:list"), {"to": " ADA@ "}).content
    assert b"Wanted" in page
    assert b"Unwanted" not in page
    assert b"No message went to" in client.get(reverse("mailbox:list"), {"to": "nobody"}).content


def test_a_long_list_has_pages(client, db, folder):
    for number in range(51):
        (folder / f"{number:03}.eml").write_text(f"To: a@example.com\nSubject: S{number:03}\n\n")
    first = client.get(reverse("mailbox:list")).content
    assert b"S050" in first
    assert b"S000" not in first
    assert b"S000" in client.get(reverse("mailbox:list"), {"page": "2"}).content
    assert b"S000" in client.get(reverse("mailbox:list"), {"page": "99"}).content


def test_a_letter_is_shown_four_ways(client, db):
    url = reverse("mailbox:letter", args=[send()])
    assert b"<iframe" in client.get(url).content
    assert b"Good morning" in client.get(url, {"view": "text"}).content
    assert UID.encode() in client.get(url, {"view": "headers"}).content
    assert b"multipart/alternative" in client.get(url, {"view": "source"}).content


def test_the_frame_runs_nothing_fetches_nothing_and_opens_links_in_tabs(client, db):
    name = send(html='<html><head></head><body><script>alert(1)</script><a href="/x">x</a>')
    answer = client.get(reverse("mailbox:frame", args=[name]))
    assert answer["Content-Security-Policy"] == FRAME_POLICY
    assert FRAME_POLICY.startswith("sandbox allow-popups")
    assert "allow-scripts" not in FRAME_POLICY
    assert "allow-same-origin" not in FRAME_POLICY
    assert "default-src 'none'" in FRAME_POLICY
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert b'<head><base target="_blank"></head>' in answer.content
    opened = mailbox.read(configured.MAILBOX_DIR, name)
    assert "base target" not in opened.source, "the message itself is as it was sent"


@pytest.mark.parametrize("html", ["<p>no head</p>", "", "<header>x</header>"])
def test_links_open_in_tabs_where_a_mail_has_no_head(html):
    assert in_new_tabs(html) == '<base target="_blank">' + html


def test_only_html_in_the_frame_is_the_messages_own(client, db):
    url = reverse("mailbox:letter", args=[send(subject="</title><script>x</script>")])
    page = client.get(url, {"view": "source"}).content
    assert b"<script>x" not in page


# --- Who may read --------------------------------------------------------------------------


def every_page(name):
    yield reverse("mailbox:list")
    yield reverse("mailbox:letter", args=[name])
    yield reverse("mailbox:frame", args=[name])


def test_the_mailbox_is_not_there_where_mail_leaves(client, admin_client, settings):
    name = send()
    settings.EMAIL_BACKEND = settings.SMTP_BACKEND
    for path in every_page(name):
        assert client.get(path).status_code == 404
        assert admin_client.get(path).status_code == 404


def test_on_a_public_host_the_mailbox_is_the_staffs(client, admin_client, settings):
    name = send()
    settings.BASE_HOST = "news.example.org"
    for path in every_page(name):
        assert client.get(path).status_code == 404
        assert admin_client.get(path).status_code == 200


def test_a_reader_who_is_logged_in_is_not_staff(client, django_user_model, settings):
    settings.BASE_HOST = "news.example.org"
    client.force_login(django_user_model.objects.create_user("somebody"))
    assert client.get(reverse("mailbox:list")).status_code == 404


def test_the_mailbox_takes_no_post(client, db):
    for path in every_page(send()):
        assert client.post(path).status_code == 405
