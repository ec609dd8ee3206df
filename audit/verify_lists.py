"""The steps about the publication as a folder: rules, lists, files, pictures, drawings."""

from collections.abc import Iterable
from hashlib import sha256

from audit import result_hash
from audit.check import Check, Fault
from audit.derive import picture_hashes
from audit.errors import AuditError
from audit.manifest import LARGEST_MANIFEST, LARGEST_SIGNATURES, Manifest, verify_manifest
from audit.opening import checkpoint_hash
from audit.publication import (
    CHARTS,
    FIGURES,
    LARGEST_LIST,
    MANIFEST,
    MANIFEST_SIGNATURES,
    PICTURES,
    PUBLICATION,
    RENDERINGS,
    RESULTS,
    SIGNATURES,
    PublicationList,
    read_list_signatures,
    read_publication,
    read_renderings,
)
from audit.rendering import Publication
from tally import canonical


def rules(check: Check) -> str:
    """The rules and keys are in their only spelling, fit together, and the officers signed them."""
    data = check.raw(MANIFEST, LARGEST_MANIFEST)
    manifest = Manifest.parse(data)
    signatures = check.raw(MANIFEST_SIGNATURES, LARGEST_SIGNATURES)
    try:
        signed = verify_manifest(manifest, signatures)
    except AuditError:
        # Either of the two may be the wrong one; the list, unverified as yet, may tell.
        if not _is_listed(check, MANIFEST, data):
            check.place = MANIFEST
        raise
    check.manifest = manifest
    names = ", ".join(each.officer for each in signed)
    return (
        f"“{manifest.election.title.words[0][1]}” ({manifest.election.id}); rules and keys "
        f"have the hash {result_hash.in_groups(manifest.hash)} and are signed by {names}"
    )


def _is_listed(check: Check, path: str, data: bytes) -> bool:
    place = check.place
    try:
        files = read_publication(check.raw(PUBLICATION, LARGEST_LIST)).files
    except AuditError:
        return False
    finally:
        check.place = place
    return files.get(path) == sha256(data).digest()


def lists(check: Check) -> str:
    """Both lists are well-formed, belong together, and the officers signed them."""
    publication = check.raw(PUBLICATION, LARGEST_LIST)
    check.publication = read_publication(publication)
    check.result_hash = sha256(publication).digest()
    renderings = check.raw(RENDERINGS, LARGEST_LIST)
    check.renderings = read_renderings(renderings)
    signed = read_list_signatures(check.manifest, check.raw(SIGNATURES, LARGEST_SIGNATURES))
    named = check.renderings.publication == check.result_hash
    # Where the other list names this publication.json, a signature that fails is itself wrong.
    check.place = SIGNATURES if named else PUBLICATION
    signed.check_publication(check.manifest, publication)
    check.place = RENDERINGS
    signed.check_renderings(check.manifest, renderings)
    check.place = PUBLICATION
    if check.publication.election != check.manifest.hash:
        raise Fault("is for another election")
    if check.expected is not None and check.expected != check.result_hash:
        raise Fault(
            f"its hash is {result_hash.in_groups(check.result_hash)}, not the one expected, "
            f"{result_hash.in_groups(check.expected)}"
        )
    check.place = RENDERINGS
    if check.renderings.publication != check.result_hash:
        raise Fault("were drawn for another result hash")
    names = ", ".join(each.officer for each in signed.publication)
    return f"publication.json and renderings.json are signed by {names}"


def files(check: Check) -> str:
    """No file is missing, none is there beside the listed ones, each has its hash."""
    decided, drawn = check.publication.files, check.renderings.files
    both = sorted(decided.keys() & drawn.keys())
    own = {PUBLICATION, RENDERINGS, SIGNATURES}
    for path in [*both, *sorted(own & (decided.keys() | drawn.keys()))]:
        check.place = path
        raise Fault("listed twice, or a list that lists itself")
    present = check.source.paths()
    if present is not None:
        for path in sorted(decided.keys() | drawn.keys()):
            check.place = path
            if path not in present:
                raise Fault("missing")
        for path in sorted(present - decided.keys() - drawn.keys() - own):
            check.place = path
            raise Fault("not a file of this publication: no list names it")
    total = len(decided) + len(drawn)
    done = 0
    for listed, name in ((decided, PUBLICATION), (drawn, RENDERINGS)):
        for path in sorted(listed):
            check.listed(path, listed, name)
            done += 1
            check.progress(done, total)
    also = (
        "there is no other"
        if present is not None
        else "whether there are others cannot be seen over the web"
    )
    return f"{total} files have their listed hashes; {also}"


def pictures(check: Check) -> str:
    """The pictures are those that the rules name."""
    for path in (MANIFEST, MANIFEST_SIGNATURES):
        check.read(path)
    expected = picture_hashes(check.manifest)
    for path in sorted(expected):
        if sha256(check.read(path)).digest() != expected[path]:
            raise Fault("not the picture that the rules name")
    check.nothing_else(PICTURES)
    return f"{len(expected)} pictures are those the rules name"


def publication(check: Check) -> str:
    """``publication.json`` is what all that was derived gives: its hash is the result hash."""
    check.nothing_else("")
    check.place = PUBLICATION
    derived = PublicationList(
        election=check.manifest.hash,
        checkpoint=checkpoint_hash(check.checkpoint),
        results=check.derived[RESULTS],
        files=check.derived,
    )
    if check.publication != derived:
        raise Fault("names another checkpoint or other results than were derived")
    return (
        f"all {len(derived.files)} files that are decided were derived again; result hash "
        f"{result_hash.in_groups(check.result_hash)}"
    )


def drawings(check: Check) -> str:
    """Charts, explanations and pages are what figures and results give, where they can be drawn
    here by the same drawing."""
    listed, renderer = check.renderings, check.renderer()
    then, here = listed.drawing, renderer.drawing
    charts = sorted(path for path in listed.files if path.startswith(CHARTS))
    worded = sorted(listed.files.keys() - set(charts))
    shown = _shown(check)
    said = []
    if then.charts is None:
        said.append("no charts were drawn")
    elif then.charts == here.charts:
        said.append(_again(check, charts, renderer.charts(shown), "charts"))
    else:
        said.append(_unlike(charts, "charts", then.charts, here.charts))
    if then.pages == here.pages:
        # Drawn again or not, the pages show the charts that the officers signed.
        given = {path: check.listed(path, listed.files, RENDERINGS) for path in charts}
        said.append(_again(check, worded, renderer.pages(shown, given), "pages and explanations"))
    else:
        said.append(_unlike(worded, "pages and explanations", then.pages, here.pages))
    return "; ".join(said)


def _again(check: Check, paths: list[str], given: Iterable[tuple[str, bytes]], name: str) -> str:
    """Draw again the listed files ``paths``, and no other."""
    drawn = set()
    for path, data in given:
        if check.listed(path, check.renderings.files, RENDERINGS) != data:
            raise Fault("not what the figures and results give when drawn again")
        drawn.add(path)
        check.progress(len(drawn), len(paths))
    for path in paths:
        if path not in drawn:
            check.place = path
            raise Fault("listed, but nothing in this election gives such a drawing")
    return f"{len(paths)} {name} were drawn again, byte by byte the same"


def _unlike(paths: list[str], name: str, used: str, mine: str | None) -> str:
    return (
        f"{len(paths)} {name} have the hashes that the officers signed; they were not drawn again, "
        f"because they were drawn with {used} and here is {mine or 'nothing that draws them'} "
        "(nothing that is drawn decides anything; figures and results behind it were derived)"
    )


def _shown(check: Check) -> Publication:
    """What a renderer is given."""
    figures = {
        path: check.listed(path, check.publication.files)
        for path in check.publication.files
        if path.startswith(FIGURES)
    }
    results = canonical.parse(check.recount.results)
    return Publication(
        manifest=check.manifest,
        checkpoint=check.checkpoint,
        results=results,  # type: ignore[arg-type]
        figures=figures,
        files=check.publication.files,
        result_hash=check.result_hash,
    )
