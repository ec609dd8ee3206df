"""The page of a result: static HTML that a resident understands and a stranger can check.

No script, no outside resource; the style stands in the page and is allowed by its hash, so that
the page is the same from a folder, a server or a printer. ``index.html`` is in the election's
first language, ``index.<language>.html`` in the others. Every number is also in results.json,
every explanation in explanations.json.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import Any, Final

from audit.errors import AuditError
from audit.explanations import Explanation, explain, explanations_file
from audit.markup import Html, joined, tag
from audit.page_contest import contest_section
from audit.page_text import Reader
from audit.publication import EXPLANATIONS
from audit.rendering import Publication
from audit.result_hash import in_groups, in_words, short
from audit.words import Words, languages
from tally.canonical import parse
from tally.election import Election
from tally.mark import REASONS

FILES: Final = (
    "publication.json", "results.json", "manifest.json", "opening.json", "log/checkpoint",
)  # fmt: skip
_SIZE: Final = re.compile(rb'<svg [^>]*?viewBox="0 0 ([0-9.]+) ([0-9.]+)"')


def draw(publication: Publication, charts: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """The explanations, then the page in each language: (path, bytes). ``charts`` maps the paths
    of the charts that were drawn to their bytes; a chart that was not is left out of the page."""
    election = publication.manifest.election
    explained = explain(election, publication.results)
    yield EXPLANATIONS, explanations_file(explained, publication.result_hash)
    yield from pages(
        election,
        publication.results,
        publication.figures,
        explained,
        files=publication.files.keys(),
        result_hash=publication.result_hash,
        charts=charts,
    )


def pages(
    election: Election,
    results: Mapping[str, Any],
    figures: Mapping[str, bytes],
    explained: Mapping[str, Explanation],
    *,
    files: Iterable[str],
    result_hash: bytes,
    charts: Mapping[str, bytes],
) -> Iterator[tuple[str, bytes]]:
    """The pages, from the parts of a publication; ``files`` are the paths it lists."""
    read = {path: parse(data) for path, data in figures.items()}
    sizes = {path: _size(data) for path, data in charts.items() if path.endswith(".svg")}
    listed = frozenset(files)
    written = languages(election)
    for language in written:
        reader = Reader(
            election=election,
            words=Words.of(election, language),
            results=results,
            explained=explained,
            figures=read,
            charts=sizes,
            files=listed,
        )
        page = _page(reader, result_hash, written)
        yield page_path(language, written), f"<!doctype html>\n{page.source}\n".encode()


def page_path(language: str, written: tuple[str, ...]) -> str:
    """Where the page in ``language`` stands among those ``written``."""
    return "index.html" if language == written[0] else f"index.{language}.html"


def _size(svg: bytes) -> tuple[str, str]:
    found = _SIZE.search(svg)
    if found is None:
        raise AuditError("chart: an SVG without a size")
    width, height = (str(round(float(number))) for number in found.groups())
    return width, height


@cache
def style() -> str:
    """The style of the page, as it stands in it."""
    return resources.files("audit").joinpath("page.css").read_text("utf-8").strip()


def policy() -> str:
    """The content security policy: the page's own style and pictures beside it, nothing else."""
    digest = b64encode(sha256(style().encode()).digest()).decode("ascii")
    return (
        f"default-src 'none'; img-src 'self'; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _page(reader: Reader, result_hash: bytes, written: tuple[str, ...]) -> Html:
    say, election = reader.words.say, reader.election
    title = election.title.in_language(reader.words.language)
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy()),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", f"{say('page.results')} – {title}"),
        Html(f"<style>{style()}</style>"),
    )
    main = tag(
        "main",
        _summary(reader),
        *(contest_section(reader, contest) for contest in election.contests),
        _turnout(reader),
        _check(reader, result_hash),
        id="main",
        tabindex="-1",
    )
    return tag(
        "html",
        head,
        tag(
            "body",
            tag("a", say("page.skip"), class_="skip", href="#main"),
            _header(reader, written),
            main,
            tag("footer", tag("div", tag("p", say("page.foot")))),
        ),
        lang=reader.words.language,
    )


def _header(reader: Reader, written: tuple[str, ...]) -> Html:
    words, election = reader.words, reader.election
    others = [
        tag(
            "a",
            words.say(f"page.language.{code}"),
            href=page_path(code, written),
            hreflang=code,
            lang=code,
        )
        for code in written
        if code != words.language
    ]
    organiser = joined(words.say("page.organiser"), " ", reader.text(election.organiser))
    dates = words.say(
        "page.dates", opens=words.moment(election.opens), closes=words.moment(election.closes)
    )
    nav = tag("nav", *others, aria_label=words.say("page.languages")) if others else None
    return tag(
        "header",
        tag(
            "div",
            tag("div", tag("span", words.say("page.results"), class_="soft"), nav, class_="row"),
            tag("h1", reader.text(election.title)),
            tag("p", organiser, ". ", dates, ".", class_="soft"),
        ),
    )


def _summary(reader: Reader) -> Html:
    words, total = reader.words, reader.figures["figures/turnout.json"]["total"]
    facts = [(words.number(total["counted"]), words.count("page.fact.counted", total["counted"]))]
    if total["turnout"] is not None:
        share = words.percent(reader.share(total["turnout"]))
        facts.append((share, words.say("page.fact.turnout", roll=total["roll"])))
    facts += _outcomes(reader)
    contents = [
        tag("li", tag("a", reader.text(contest.title), href=f"#c-{contest.id}"))
        for contest in reader.election.contests
    ]
    contents.append(tag("li", tag("a", words.say("chart.turnout"), href="#turnout")))
    contents.append(tag("li", tag("a", words.say("page.check"), href="#check")))
    eligibility = reader.text(reader.election.eligibility)
    before, after = words.say("page.who", eligibility="\0").split("\0")
    return tag(
        "section",
        tag("h2", words.say("page.summary"), id="summary"),
        tag("ul", *(tag("li", tag("strong", number), told) for number, told in facts),
            class_="facts"),
        tag("p", before, eligibility, after),
        tag("nav", tag("h3", words.say("page.contents")), tag("ul", *contents),
            aria_label=words.say("page.contents")),
        aria_labelledby="summary",
    )  # fmt: skip


def _outcomes(reader: Reader) -> Iterator[tuple[str, str]]:
    """The main numbers of all envelopes together, and of all questions."""
    words = reader.words
    votes = [figure for path, figure in reader.figures.items() if path.startswith("figures/votes-")]
    if votes:
        projects = sum(len(figure["projects"]) for figure in votes)
        winners = sum(figure["winners"] for figure in votes)
        yield words.number(winners), words.count("page.fact.funded", winners, of=projects)
        budget = words.money(sum(figure["budget"] for figure in votes))
        spent = words.money(sum(figure["spent"] for figure in votes))
        yield spent, words.say("page.fact.money", budget=budget)
    asked = [result for result in reader.results["contests"] if result["kind"] == "question"]
    if asked:
        adopted = sum(result["adopted"] is not None for result in asked)
        yield words.number(adopted), words.count("page.fact.adopted", adopted, of=len(asked))


def _turnout(reader: Reader) -> Html:
    words, figure = reader.words, reader.figures["figures/turnout.json"]
    rows = [
        _turnout_row(reader, reader.text(style.title), row)
        for style, row in zip(reader.election.styles, figure["styles"], strict=True)
    ]
    everybody = joined(words.say("row.everybody"))
    table = reader.table(
        words.say("page.turnout.caption"),
        ["style", "roll#", "counted#", "turnout#", "blank#", "spoiled#", "superseded#"],
        [*rows, _turnout_row(reader, everybody, figure["total"])],
    )
    return tag(
        "section",
        tag("h2", words.say("chart.turnout"), id="turnout"),
        reader.chart("figures/turnout.json"),
        table,
        _spoiled(reader),
        aria_labelledby="turnout",
    )


def _turnout_row(reader: Reader, name: Html, row: Mapping[str, Any]) -> Html:
    words = reader.words
    share = "–" if row["turnout"] is None else words.percent(reader.share(row["turnout"]))
    numbers = (
        words.number(row["roll"]), words.number(row["counted"]), share, words.number(row["blank"]),
        words.number(sum(row["spoiled"].values())), words.number(row["superseded"]),
    )  # fmt: skip
    return tag(
        "tr",
        tag("th", name, scope="row"),
        *(tag("td", number, class_="number") for number in numbers),
    )


def _spoiled(reader: Reader) -> Html | None:
    words, figure = reader.words, reader.figures["figures/turnout.json"]
    parts = [(joined(words.say("head.whole")), figure["total"]["spoiled"])]
    parts += [
        (reader.text(contest.title), row["spoiled"])
        for contest, row in zip(reader.election.contests, figure["contests"], strict=True)
    ]
    rows = [
        tag(
            "tr",
            tag("th", name, scope="row"),
            tag("td", REASONS[code].in_language(words.language) if code in REASONS else code),
            tag("td", words.number(count), class_="number"),
        )
        for name, spoiled in parts
        for code, count in sorted(spoiled.items())
    ]
    if not rows:
        return None
    table = reader.table(words.say("page.spoiled.caption"), ["contest", "reason", "ballots#"], rows)
    return joined(tag("h3", words.say("page.spoiled")), table)


def _check(reader: Reader, result_hash: bytes) -> Html:
    words, say = reader.words, reader.words.say
    files = [
        tag("li", reader.link(path), " – ", say(f"page.file.{path}"))
        for path in FILES
        if path == "publication.json" or path in reader.files
    ]
    command = f"python -m audit verify {say('page.check.folder')}"
    return tag(
        "section",
        tag("h2", say("page.check"), id="check"),
        tag("p", say("page.check.why")),
        tag("h3", say("page.check.hash")),
        tag("span", in_groups(result_hash), class_="hash"),
        tag("p", words.say("page.check.short", short=short(result_hash))),
        tag("h3", say("page.check.words")),
        tag("span", in_words(result_hash), class_="hash"),
        tag("h3", say("page.check.how")),
        tag("ol", *(tag("li", say(f"page.check.{step}")) for step in (1, 2, 3))),
        tag("pre", tag("code", command)),
        tag("h3", say("page.check.files")),
        tag("ul", *files),
        aria_labelledby="check",
    )
