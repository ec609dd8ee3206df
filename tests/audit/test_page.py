"""The page: well-formed, closed to scripts, complete, the same everywhere."""

import re
from base64 import b64encode
from dataclasses import replace
from functools import cache
from hashlib import sha256
from html.parser import HTMLParser
from importlib import resources
from itertools import pairwise

import pytest

from audit.markup import VOID, Html, joined, tag
from audit.page import pages, policy, style
from audit.result_hash import in_groups, in_words, short
from audit.words import Words
from tally.election import Envelope
from tests.audit.drawn import NASTY, RESULT_HASH, drawn
from tests.audit.test_charts import charts, laid

FILES = ("publication.json", "results.json", "manifest.json", "pabulib/centre.pb")


class Outline(HTMLParser):
    """Checks that elements close in order and remembers what matters."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(source)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def named(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for element, attributes in self.elements if element == name]


def sized(projects: int) -> dict[str, bytes]:
    """As much of charts as a page reads: their sizes."""
    return {
        f"charts/{name}.{kind}": f'<svg viewBox="0 0 {sheet.width} {sheet.height}">'.encode()
        for name, sheet in laid(projects).items()
        for kind in ("svg", "png")
    }


def test_a_page_reads_nothing_of_a_chart_but_its_size() -> None:
    made = drawn(9)
    page = dict(
        pages(
            made.election,
            made.results,
            made.figures,
            made.explained,
            files=FILES,
            result_hash=RESULT_HASH,
            charts=sized(9),
        )
    )
    assert page == written(9)


@cache
def written(projects: int, *, with_charts: bool = True) -> dict[str, bytes]:
    made = drawn(projects)
    return dict(
        pages(
            made.election,
            made.results,
            made.figures,
            made.explained,
            files=FILES,
            result_hash=RESULT_HASH,
            charts={} if not with_charts else charts(9) if projects == 9 else sized(projects),
        )
    )


def outline(projects: int = 9, path: str = "index.html", *, with_charts: bool = True) -> Outline:
    return Outline(written(projects, with_charts=with_charts)[path].decode())


def shown(page: Outline) -> str:
    return " ".join(" ".join(page.text).split())


@pytest.mark.parametrize("path", ["index.html", "index.en.html"])
def test_the_page_is_well_formed_and_says_its_language(path: str) -> None:
    page = outline(9, path)
    assert page.named("html")[0]["lang"] == ("fr" if path == "index.html" else "en")
    assert [name for name, _ in page.elements].count("h1") == 1
    assert len(page.named("main")) == len(page.named("title")) == 1
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    labels = [a["aria-labelledby"] for a in page.named("section")]
    assert set(labels) <= set(ids)
    levels = [int(name[1]) for name, _ in page.elements if re.fullmatch("h[1-6]", name)]
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_there_is_a_page_in_each_language_that_leads_to_the_other() -> None:
    assert list(written(9)) == ["index.html", "index.en.html"]
    assert {"href": "index.en.html", "hreflang": "en", "lang": "en"} in outline().named("a")
    assert {"href": "index.html", "hreflang": "fr", "lang": "fr"} in outline(
        9, "index.en.html"
    ).named("a")


@pytest.mark.parametrize("path", ["index.html", "index.en.html"])
def test_nobodys_title_becomes_markup(path: str) -> None:
    page = outline(9, path)
    elements = {name for name, _ in page.elements}
    assert not elements & {"script", "b", "i", "iframe", "object", "form", "input"}
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
    text = shown(page)
    for title in NASTY:
        assert " ".join(title.split()) in text
    assert "Budget participatif <b>2026</b> & « quartiers »" in text
    assert b"<script" not in written(9)[path].lower()


def test_only_its_own_style_is_allowed() -> None:
    page = outline()
    metas = {a.get("http-equiv"): a.get("content") for a in page.named("meta")}
    assert metas["Content-Security-Policy"] == policy()
    source = written(9)["index.html"].decode()
    found = re.findall(r"<style>(.*?)</style>", source, re.DOTALL)
    assert found == [style()]
    digest = b64encode(sha256(found[0].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy()
    assert policy().startswith("default-src 'none'; img-src 'self'; style-src 'sha256-")
    assert "url(" not in found[0]
    assert "@import" not in found[0]


def test_every_link_leads_to_a_file_of_the_publication_or_a_place_in_the_page() -> None:
    made, page = drawn(9), outline()
    known = {*FILES, *made.figures, *charts(9), *written(9)}
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    links = [str(a["href"]) for a in page.named("a")]
    assert len(links) > 20
    for link in links:
        assert link in known or (link.startswith("#") and link[1:] in ids), link
    for picture in page.named("img"):
        assert picture["src"] in charts(9)


def test_pictures_have_alternative_texts_and_sizes() -> None:
    page = outline(9, "index.en.html")
    pictures = page.named("img")
    assert len(pictures) == 6
    texts = [str(picture["alt"]) for picture in pictures]
    assert len(set(texts)) == 6
    assert all(len(text) > 30 for text in texts)
    winners = len(drawn(9).results["contests"][0]["winners"])
    assert f"{winners} of 9 projects funded" in texts[0]
    assert all(str(picture["width"]) == "760" for picture in pictures)
    assert all(int(str(picture["height"])) > 200 for picture in pictures)


@pytest.mark.parametrize("path", ["index.html", "index.en.html"])
def test_every_project_says_its_cost_votes_and_why(path: str) -> None:
    made, text = drawn(34), shown(outline(34, path))
    language = "fr" if path == "index.html" else "en"
    say = Words.of(made.election, language)
    for contest, result in zip(made.election.contests, made.results["contests"], strict=True):
        told = made.explained[contest.id]
        if result["kind"] == "question":
            assert " ".join(told.summary.in_language(language).split()) in text
            continue
        assert isinstance(contest, Envelope)
        for project, row in zip(contest.projects, result["projects"], strict=True):
            assert " ".join(told.projects[row["id"]].in_language(language).split()) in text
            assert " ".join(say.money(project.cost).split()) in text
        assert " ".join(told.summary.in_language(language).split()) in text


def test_winners_come_first_in_the_order_of_selection() -> None:
    made, source = drawn(34), written(34)["index.en.html"].decode()
    listed = re.search(r'<ol class="winners">(.*?)</ol>', source, re.DOTALL)
    assert listed is not None
    names = Outline(listed.group(1)).text
    titles = {p.id: p.title.in_language("en") for p in made.election.contests[0].choices}
    expected = [titles[key] for key in made.results["contests"][0]["winners"]]
    assert [name for name in names if name in expected] == expected
    assert source.index('class="winners"') < source.index("<table>")


def test_the_result_hash_can_be_compared_in_three_ways() -> None:
    text = shown(outline())
    for spelling in (in_groups(RESULT_HASH), in_words(RESULT_HASH), short(RESULT_HASH)):
        assert spelling in text
    assert "python -m audit verify DOSSIER" in text


def test_without_charts_the_page_is_whole_otherwise() -> None:
    page = outline(9, with_charts=False)
    assert not page.named("img")
    assert not page.named("figure")
    assert "Réaménagement" in shown(page)


def test_a_long_chart_waits_until_it_is_asked_for() -> None:
    source = written(199)["index.html"].decode()
    assert re.search(r"<details><summary>[^<]*199[^<]*</summary><figure>", source)
    assert len(Outline(source).named("tr")) > 199


def test_ties_are_told_with_what_broke_them() -> None:
    text = shown(outline(9, "index.en.html"))
    assert drawn(9).results["contests"][1]["ties"]
    assert "told apart by the public lot" in text


def test_spoiled_ballots_are_explained() -> None:
    text = shown(outline(9, "index.en.html"))
    assert "More projects are named than the maximum." in text
    assert "does not open with the election's key" in text


def test_tables_have_captions_and_headings() -> None:
    page = outline()
    tables = len(page.named("table"))
    assert tables >= 4
    assert len(page.named("caption")) == tables
    scopes = [attributes.get("scope") for attributes in page.named("th")]
    assert set(scopes) == {"col", "row"}


def colours(scheme: int) -> dict[str, str]:
    block = re.findall(r":root\{(.*?)\}", style())[scheme]
    return {name: value for name, _, value in (part.partition(":") for part in block.split(";"))}


def contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        digits = colour.removeprefix("#")
        if len(digits) == 3:
            digits = "".join(digit * 2 for digit in digits)
        parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1])
def test_text_has_enough_contrast_in_both_schemes(scheme: int) -> None:
    named = colours(scheme)
    for text in ("--ink", "--soft", "--accent"):
        for ground in ("--ground", "--paper", "--won"):
            assert contrast(named[text], named[ground]) >= 4.5, (text, ground)


def test_the_style_is_shipped_with_the_room() -> None:
    assert resources.files("audit").joinpath("page.css").is_file()


def test_markup_escapes_whatever_was_not_built_as_markup() -> None:
    assert tag("p", "<b>&\"'", title='"><script>').source == (
        '<p title="&quot;&gt;&lt;script&gt;">&lt;b&gt;&amp;&quot;&#x27;</p>'
    )
    assert joined("<", Html("<br>"), None).source == "&lt;<br>"
    assert tag("img", alt="", loading=None, hidden=True, class_="a").source == (
        '<img alt="" hidden class="a">'
    )


def test_an_election_in_another_language_gets_english_words_around_its_own() -> None:
    made = drawn(5)
    value = made.election.to_value()

    def polish(inner: object) -> object:
        if isinstance(inner, dict):
            if set(inner) == {"fr", "en"}:
                return {"pl": inner["fr"]}
            return {key: polish(each) for key, each in inner.items()}
        return [polish(each) for each in inner] if isinstance(inner, list) else inner

    changed = polish(value)
    assert isinstance(changed, dict)
    changed["languages"] = ["pl"]
    election = type(made.election).from_value(changed)
    redrawn = replace(made, election=election)
    made_pages = dict(
        pages(
            redrawn.election,
            redrawn.results,
            redrawn.figures,
            redrawn.explained,
            files=FILES,
            result_hash=RESULT_HASH,
            charts={},
        )
    )
    assert list(made_pages) == ["index.html"]
    page = Outline(made_pages["index.html"].decode())
    assert page.named("html")[0]["lang"] == "en"
    assert {"lang": "pl"} in page.named("bdi")
    assert "Check it yourself" in shown(page)
