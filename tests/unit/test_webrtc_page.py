"""The page of browser callers, read as text: nothing inline, nothing foreign, every word there, readable for all."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import gateway.transport.webrtc
from gateway.transport.switchboard import Refusal

pytestmark = pytest.mark.unit

PAGE = Path(gateway.transport.webrtc.__file__).parent / "page"
SCRIPTS = {path.name: path.read_text(encoding="utf-8") for path in PAGE.glob("*.js")}
WORDS = SCRIPTS["words.js"]
STYLE = (PAGE / "page.css").read_text(encoding="utf-8")

HTTP_REASONS = {
    *("bad_offer", "token", "origin", "number_not_allowed", "gone", "method", "precondition", "too_large"),
    *("media_type", "host", "no_restart", "too_many", "slow", "bad_number", "bad_request", "not_found", "error"),
}
"""The `reason` of the site's problem documents, beside the switchboard's refusals."""

DOING = {"speaking", "listening", "hearing", "thinking", "waiting"}
"""What the gateway's `state` messages say."""

Attributes = dict[str, str | None]


class Read(HTMLParser):
    """The page's tags in order, and the text directly inside each."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, Attributes]] = []
        self.texts: list[str] = []
        self._open: list[int] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.texts.append("")
        if tag not in {"meta", "link", "input"}:
            self._open.append(len(self.tags) - 1)

    def handle_endtag(self, tag: str) -> None:
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts[self._open[-1]] += data.strip()

    def all(self, *names: str) -> list[Attributes]:
        return [given for tag, given in self.tags if tag in names]

    @property
    def ids(self) -> list[str]:
        return [given["id"] or "" for _, given in self.tags if "id" in given]


@pytest.fixture(scope="module")
def page() -> Read:
    return Read((PAGE / "index.html").read_text(encoding="utf-8"))


def table(name: str) -> dict[str, tuple[str, str]]:
    """An object of words.js whose values are [what is wrong, what to do]; the latter may be a constant's name."""
    body = re.search(rf"const {name} = \{{\n(.*?)\n\}};", WORDS, re.DOTALL)
    assert body is not None
    rows = re.findall(r'^  (\w+): \["([^"]+)", ("[^"]+"|[A-Z_]+)\],$', body[1], re.MULTILINE)
    assert len(rows) == len(re.findall(r"^  \w", body[1], re.MULTILINE))
    return {key: (what, todo) for key, what, todo in rows}


def test_nothing_is_inline_so_that_the_content_security_policy_can_forbid_it(page: Read) -> None:
    inline = [tag for (tag, given), text in zip(page.tags, page.texts, strict=True) if tag == "script" and text]
    handlers = [name for _, given in page.tags for name in given if name.startswith("on") or name == "style"]
    assert not inline
    assert not handlers
    assert not page.all("style")


def test_all_it_loads_lies_beside_it(page: Read) -> None:
    icon = next(given for given in page.all("link") if given["rel"] == "icon")
    assert str(icon["href"]).startswith("data:image/svg+xml,")
    tags = [given for given in page.all("script", "link", "img", "iframe", "source") if given != icon]
    loaded = [given.get("src") or given.get("href") for given in tags]
    imported = [name for text in SCRIPTS.values() for name in re.findall(r'from "(.*?)"', text)]
    assert "page/main.js" in loaded
    assert {PAGE / str(name).removeprefix("page/") for name in loaded} <= set(PAGE.iterdir())
    assert {PAGE / name.removeprefix("./") for name in imported} <= set(PAGE.iterdir())
    assert all(name.startswith("./") for name in imported)
    assert not re.search(r"url\(|@import", STYLE)


def test_every_script_is_used(page: Read) -> None:
    named = {str(given.get("src")).removeprefix("page/") for given in page.all("script")}
    imported = {name.removeprefix("./") for text in SCRIPTS.values() for name in re.findall(r'from "(.*?)"', text)}
    assert named | imported == set(SCRIPTS)


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_no_script_makes_markup_or_code_out_of_text(name: str) -> None:
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc|javascript:"
    assert not re.search(forbidden, SCRIPTS[name])


def test_every_id_that_a_script_looks_for_is_there_once(page: Read) -> None:
    wanted = {
        found for text in SCRIPTS.values() for found in re.findall(r'(?:byId|getElementById)\("([\w-]+)"\)', text)
    }
    assert {"call", "resume", "remote", "line", "captions"} <= wanted
    assert wanted <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    referred = {str(given[name]) for _, given in page.tags for name in ("for", "aria-labelledby") if name in given}
    assert referred <= set(page.ids)


def test_every_reason_of_the_gateway_has_its_words_and_a_remedy() -> None:
    assert HTTP_REASONS | {refusal.value for refusal in Refusal} <= set(table("PROBLEMS"))


def test_no_reason_of_the_site_is_missing_in_these_tests() -> None:
    sources = [(PAGE.parent / name).read_text(encoding="utf-8") for name in ("door.py", "whip.py", "site.py")]
    found = {word for text in sources for word in re.findall(r'ProblemError\(\s*[\w.]+, "(\w+)"', text)}
    assert len(found) > 10
    assert found <= HTTP_REASONS


def test_every_reason_that_the_page_finds_by_itself_has_its_words() -> None:
    patterns = (r'(?:fail|Refused)\("(\w+)"', r'problem\("\w+", "(\w+)"', r'reason = "(\w+)"', r'Error: "(\w+)"')
    given = {reason for text in SCRIPTS.values() for pattern in patterns for reason in re.findall(pattern, text)}
    given |= {reason for pair in re.findall(r'\? "(\w+)" : "(\w+)"', SCRIPTS["whip.js"]) for reason in pair}
    assert {"microphone_missing", "microphone_refused", "microphone_busy", "insecure", "no_webrtc"} <= given
    assert {"blocked", "line_lost", "slow", "unreachable", "unknown"} <= given
    assert given <= set(table("PROBLEMS"))


def test_every_state_of_the_line_has_its_words() -> None:
    lines = dict(re.findall(r'^  (\w+): "(.+?)",$', WORDS.split("const LINE")[1].split("};")[0], re.MULTILINE))
    assert {"idle", "asking", "connecting", "talking"} | DOING <= set(lines)


def test_words_are_chinese_and_in_one_place(page: Read) -> None:
    """fallback.js stands for itself: it speaks when the modules did not come."""
    chinese = re.compile(r'["`][^"`\n]*[\u4e00-\u9fff]')
    code = {name: re.sub(r"//.*|/\*\*.*?\*/|^ \* .*", "", text, flags=re.MULTILINE) for name, text in SCRIPTS.items()}
    assert {name for name, text in code.items() if chinese.search(text)} == {"words.js", "fallback.js"}
    assert page.all("html")[0]["lang"] == "zh-CN"


def test_it_has_a_heading_landmarks_and_room_to_zoom(page: Read) -> None:
    assert len(page.all("h1")) == len(page.all("main")) == len(page.all("header")) == 1
    viewport = next(given["content"] for given in page.all("meta") if given.get("name") == "viewport")
    assert viewport == "width=device-width, initial-scale=1"
    named = [given for given in page.all("section") if "aria-label" in given or "aria-labelledby" in given]
    assert named == page.all("section")


def test_every_button_and_every_field_has_a_name(page: Read) -> None:
    labelled = {given["for"] for given in page.all("label")}
    buttons = [
        given.get("aria-label") or text
        for (tag, given), text in zip(page.tags, page.texts, strict=True)
        if tag == "button"
    ]
    assert len(buttons) > 12
    assert all(buttons)
    assert {given["id"] for given in page.all("input", "select")} <= labelled
    assert all(given["type"] == "button" for given in page.all("button"))


def test_there_is_a_key_for_every_tone_of_a_telephone(page: Read) -> None:
    keys = [given["data-key"] for given in page.all("button") if "data-key" in given]
    assert keys == [*"123456789*0#"]


def test_captions_are_a_log_that_a_keyboard_can_scroll(page: Read) -> None:
    captions = next(given for _, given in page.tags if given.get("id") == "captions")
    assert (captions["role"], captions["aria-live"], captions["tabindex"]) == ("log", "polite", "0")


def test_the_sound_plays_within_the_page(page: Read) -> None:
    remote = next(given for given in page.all("audio") if given["id"] == "remote")
    assert {"autoplay", "playsinline"} <= set(remote)


def test_text_is_large_and_larger_on_request() -> None:
    sizes = [int(size) for size in re.findall(r"^  font-size: max\((\d+)px,", STYLE, re.MULTILINE)]
    assert sizes == [20, 26]


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance of #rrggbb."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_contrast_of_all_text_is_aaa(theme: str) -> None:
    blocks = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    block = next(block for block in blocks if f"color-scheme: {theme};" in block)
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
    pairs = [(ink, ground) for ink in ("ink", "soft") for ground in ("paper", "card", "tint")]
    pairs += [("accent", "card"), ("on-accent", "accent"), ("on-halt", "halt")]
    pairs += [("stop", "stop-tint"), ("ink", "stop-tint")]
    low = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in pairs}
    assert {pair: ratio for pair, ratio in low.items() if ratio < 7} == {}
    edges = {ground: contrast(colours["edge"], colours[ground]) for ground in ("paper", "card")}
    assert min(edges.values()) >= 3
