"""Saying something on a shoutbox's page, with scripts and without."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.chromium import button, field, shout, shouts, texts
from tests.browser.conftest import Visit


def _say_plainly(page: Page, name: str, words: str) -> int:
    """Post the form as a browser without scripts does; gives the answer's status."""
    field(page, "Name").fill(name)
    field(page, "Shout").fill(words)
    with page.expect_response(lambda answer: answer.request.method == "POST") as posted:
        button(page).click()
    return posted.value.status


def test_without_scripts(visit: Visit) -> None:
    page = visit(java_script_enabled=False)
    assert _say_plainly(page, "Plain Ann", "plainly said") == 303
    expect(shouts(page, "plainly said")).to_be_in_viewport()
    expect(field(page, "Name")).to_have_value("Plain Ann")
    expect(field(page, "Shout")).to_have_value("")
    page.reload()
    assert texts(page, "plainly said") == ["plainly said"]
    page.go_back()
    assert _say_plainly(page, "Plain Ann", "other words on the page before") == 303
    expect(shouts(page, "other words on the page before")).to_have_count(1)
    expect(shouts(page, "plainly said")).to_have_count(1)


def test_error_without_scripts_keeps_what_was_entered(visit: Visit) -> None:
    page = visit(java_script_enabled=False)
    assert _say_plainly(page, "shoutbus", "a line\nand another") == 409
    expect(page.get_by_role("alert")).to_have_text("The bot uses this name. Choose another name.")
    expect(field(page, "Name")).to_have_value("shoutbus")
    expect(field(page, "Shout")).to_have_value("a line\nand another")
    assert _say_plainly(page, "Plain Bea", " \n ") == 400
    expect(page.get_by_role("alert")).to_contain_text("The message is empty. Write some text.")
    assert _say_plainly(page, "Plain Bea", "a line\nand another") == 303
    expect(page.get_by_role("alert")).to_be_hidden()


def test_error_with_scripts_keeps_what_was_entered(visit: Visit) -> None:
    page = visit()
    field(page, "Name").fill("Shoutbus")
    field(page, "Shout").fill("not as the bot")
    button(page).click()
    expect(page.get_by_role("alert")).to_have_text("The bot uses this name. Choose another name.")
    expect(field(page, "Shout")).to_have_value("not as the bot")
    shout(page, "No Bot", "not as the bot")
    expect(page.get_by_role("alert")).to_be_hidden()
    expect(shouts(page, "not as the bot")).to_have_count(1)


def test_lookalike_name_is_refused(visit: Visit) -> None:
    shout(visit(), "Paola", "the first to use that name")
    second = visit()
    field(second, "Name").fill("Pаolа")  # Cyrillic а
    field(second, "Shout").fill("said by another Paola")
    button(second).click()
    expect(second.get_by_role("alert")).to_contain_text(
        "Someone else uses this name or a similar one. Choose another name."
    )
    second.reload()
    expect(shouts(second, "the first to use that name")).to_have_count(1)
    expect(shouts(second, "said by another Paola")).to_have_count(0)


@pytest.mark.parametrize("name", ["Zoë “Z” Ünal; 漢字", "back\\slash=, x"])
def test_name_is_kept(visit: Visit, name: str) -> None:
    page = visit()
    shout(page, name, f"kept for {name}")
    page.reload()
    expect(field(page, "Name")).to_have_value(name)
    expect(shouts(page, f"kept for {name}").locator(".who")).to_have_text(f"{name} web")


def test_enter_posts_and_shift_enter_makes_a_line(visit: Visit) -> None:
    page = visit()
    field(page, "Name").fill("Enter Eve")
    words = field(page, "Shout")
    words.press_sequentially("upper line")
    words.press("Shift+Enter")
    words.press_sequentially("lower line")
    expect(words).to_have_value("upper line\nlower line")
    words.press("Enter")
    expect(words).to_have_value("")
    expect(words).to_be_focused()
    expect(shouts(page, "upper line")).to_have_count(1)
    assert texts(page, "upper line") == ["upper line\nlower line"]


def test_double_click_posts_once(visit: Visit) -> None:
    page = visit()
    field(page, "Name").fill("Dora Double")
    field(page, "Shout").fill("clicked twice")
    button(page).dblclick()
    expect(field(page, "Shout")).to_have_value("")
    shout(page, "Dora Double", "after the double click")
    expect(shouts(page, "after the double click")).to_have_count(1)
    page.reload()
    assert texts(page, "clicked twice") == ["clicked twice"]


def test_what_is_typed_while_a_shout_is_on_its_way_stays(visit: Visit) -> None:
    page = visit()
    held: list[Route] = []
    page.route("**/shoutbox/lobby", lambda route: held.append(route))
    field(page, "Name").fill("Hasty Hal")
    words = field(page, "Shout")
    words.fill("first of the hasty")
    with page.expect_request("**/shoutbox/lobby"):
        words.press("Enter")
    words.press_sequentially(", second of the hasty")
    words.press("Enter")
    held[0].continue_()
    expect(words).to_have_value(", second of the hasty")
    page.unroute("**/shoutbox/lobby")
    words.press("Enter")
    expect(words).to_have_value("")
    expect(shouts(page, "second of the hasty")).to_have_count(1)
    assert texts(page, "of the hasty") == ["first of the hasty", ", second of the hasty"]
    assert len(held) == 1


def test_shout_that_does_not_get_through_stays_and_goes_once(visit: Visit) -> None:
    page = visit()
    page.route("**/shoutbox/lobby", lambda route: route.abort())
    field(page, "Name").fill("Lost Lea")
    field(page, "Shout").fill("said on a bad line")
    button(page).click()
    expect(page.get_by_role("alert")).to_contain_text("was not sent")
    page.unroute("**/shoutbox/lobby")
    button(page).click()
    expect(field(page, "Shout")).to_have_value("")
    expect(shouts(page, "said on a bad line")).to_have_count(1)


MARKUP = (
    "<script>window.ran = 1</script><img src=x onerror=window.ran=1><b>bold</b> &amp; "
    "javascript:window.ran=1"
)


@pytest.mark.parametrize("live", [True, False], ids=["live", "loaded"])
def test_markup_is_text(visit: Visit, live: bool) -> None:
    reader, writer = visit(), visit()
    name = f"<i onclick=window.ran=1>{'l' if live else 'k'}</i>"
    link = "https://example.org/?a=1&b=<script>"
    shout(writer, name, f"{MARKUP} {link} marked {live}")
    if not live:
        reader.reload()
    found = shouts(reader, f"marked {live}")
    expect(found).to_have_count(1)
    expect(found.locator("p")).to_have_text(f"{MARKUP} {link} marked {live}")
    expect(found.locator(".who")).to_have_text(f"{name} web")
    expect(found.locator("script, img, b, i")).to_have_count(0)
    links = found.locator("a")
    expect(links).to_have_count(1)
    expect(links).to_have_attribute("href", "https://example.org/?a=1&b=")
    expect(links).to_have_attribute("rel", re.compile("noopener"))
    assert reader.evaluate("window.ran") is None
    expect(reader.locator("[href^='javascript:' i]")).to_have_count(0)


def test_same_words_again_are_another_shout(visit: Visit) -> None:
    page = visit()
    for count in (1, 2):
        shout(page, "Echo", "again and again")
        expect(shouts(page, "again and again")).to_have_count(count)
