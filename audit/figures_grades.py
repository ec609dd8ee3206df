"""The figure of an envelope counted by majority judgment: how many ballots gave which grade."""

from itertools import accumulate

from audit.figure import FigureInvalid, Object, ballots_of, figure_head
from tally.canonical import Value
from tally.election import Election, Envelope, Grades
from tally.rules.majority_grade import gauge, majority_grade


def grades(
    election: Election, envelope: Envelope, election_hash: str, result: Object
) -> dict[str, Value]:
    """The grades of each project, best first, by position; ``median`` is its majority grade.

    They come from the last step that names the project, and must give the score of its row.
    Raises FigureInvalid.
    """
    where = f"results: contest {envelope.id!r}"
    if not isinstance(envelope.form, Grades):
        raise FigureInvalid(f"{where}: its ballots do not grade")
    labels, expressed = envelope.form.labels, result["expressed"]
    last = {step["project"]: step for step in result["steps"] if step["project"] is not None}
    titles = {project.id: project.title for project in envelope.projects}
    rows: list[Value] = []
    for row in sorted(result["projects"], key=lambda each: int(each["position"])):
        project = row["id"]
        detail: Object = last.get(project, {}).get("detail", {})
        counts = tuple(detail.get("grades", ()))
        if project not in titles or len(counts) != len(labels):
            raise FigureInvalid(f"{where}: project {project!r}: not {len(labels)} grades")
        if any(count < 0 for count in counts) or sum(counts) != expressed:
            raise FigureInvalid(
                f"{where}: project {project!r}: the grades are not those of the {expressed} "
                "expressed ballots"
            )
        if expressed and str(gauge(counts)) != row["score"]:
            raise FigureInvalid(f"{where}: project {project!r}: its grades do not give its score")
        rows.append(
            {
                "position": row["position"],
                "id": project,
                "title": titles[project].to_value(),
                "won": row["won"],
                "grades": list(counts),
                "at_least": list(accumulate(counts)),
                "median": majority_grade(counts) if expressed else None,
            }
        )
    return {
        **figure_head("grades", election, envelope, election_hash),
        **ballots_of(envelope, result),
        "labels": [label.to_value() for label in labels],
        "default": envelope.form.default,
        "projects": rows,
    }
