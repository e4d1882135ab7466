"""What is kept of pages, and which release made them."""

import pytest

from newsletter.page_cache import Page, Shelf, public_page
from newsletter.release import files, release


def test_a_shelf_throws_out_what_nobody_asked_for_longest():
    shelf: Shelf[str] = Shelf(room=10)
    shelf.put("a", "A", 5)
    shelf.put("b", "B", 4)
    assert shelf.take("a") == "A"
    shelf.put("c", "C", 2)
    assert [shelf.take(name) for name in "abc"] == ["A", None, "C"]
    shelf.put("a", "A", 1)
    shelf.put("d", "D", 7)
    assert [shelf.take(name) for name in "abcd"] == ["A", None, "C", "D"]
    shelf.put("huge", "H", 11)
    assert not shelf.things
    assert shelf.taken == 0


def test_a_page_that_shows_what_has_no_version_is_a_fault(rf):
    view = public_page(lambda request: Page("/", object(), None, lambda: "text"))
    with pytest.raises(TypeError, match="has no version"):
        view(rf.get("/"))


@pytest.fixture
def project(tmp_path, settings):
    """A project of one template and one module, whose files are read anew."""
    settings.BASE_DIR = tmp_path
    for name in ("templates/base.html", "newsletter/views.py", "newsletter/notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("one")
    files.cache_clear()
    yield tmp_path
    files.cache_clear()


@pytest.mark.parametrize("name", ["templates/base.html", "newsletter/views.py"])
def test_a_changed_file_is_another_release_in_a_new_process(project, name):
    before = release()
    (project / name).write_text("two")
    assert release() == before
    files.cache_clear()
    assert release() != before


def test_a_file_that_makes_no_page_is_none_of_the_releases(project):
    before = release()
    (project / "newsletter/notes.txt").write_text("two")
    files.cache_clear()
    assert release() == before


def test_who_works_on_the_pages_sees_every_change_at_once(project, settings):
    settings.DEBUG = True
    before = release()
    (project / "templates/base.html").write_text("two")
    assert release() != before
