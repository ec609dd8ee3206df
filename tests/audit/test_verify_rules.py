"""A publication of each rule with a figure of its own is verified, and none with a false figure."""

import json
from collections.abc import Callable
from typing import Any

import pytest

import tests.town
from audit.verify import VerificationFailed
from tally import canonical
from tests.audit.forger import published, relist, verified
from tests.town import Town, definition, town

SHARES = {"utility": "cost", "raise": "none", "fill": "none"}
Change = Callable[[Any], None]


def by(rule: str, parameters: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Town:
    """The town with this rule for its first envelope."""

    def ruled() -> dict[str, object]:
        value: Any = json.loads(json.dumps(definition()))
        value["contests"][0]["rule"] = {"name": rule, "parameters": parameters}
        return dict(value)

    monkeypatch.setattr(tests.town, "definition", ruled)
    return town(f"town by {rule}")


def one_more(value: Any) -> None:
    value["bought"][0]["payers"] += 1


def cheaper(value: Any) -> None:
    value["bought"][0]["price"] = "1/2"


def lighter(value: Any) -> None:
    value["projects"][-1]["load"] = "0.000001"


def better(value: Any) -> None:
    value["total"] += 1


def swapped(value: Any) -> None:
    value["projects"].reverse()


@pytest.mark.parametrize(
    ("rule", "parameters", "path", "changes"),
    [
        ("equal-shares", SHARES, "figures/payments-city.json", (one_more, cheaper)),
        ("phragmen", {"on_misfit": "skip"}, "figures/loads-city.json", (lighter, swapped)),
        ("knapsack-optimum", {}, "figures/choice-city.json", (better, swapped)),
    ],
)
def test_the_figure_of_a_rule_is_made_again(
    rule: str,
    parameters: dict[str, Any],
    path: str,
    changes: tuple[Change, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = by(rule, parameters, monkeypatch)
    files = published(own)
    assert path in files
    verified(files)
    for change in changes:
        value: Any = canonical.parse(files[path])
        change(value)
        false = canonical.encode(value)
        assert false != files[path]
        with pytest.raises(VerificationFailed) as failed:
            verified(relist(own.clerk, {**files, path: false}))
        assert (failed.value.title, failed.value.place) == ("Figures", path)
    without = {name: data for name, data in files.items() if name != path}
    with pytest.raises(VerificationFailed) as failed:
        verified(relist(own.clerk, without))
    assert (failed.value.title, failed.value.place) == ("Figures", path)
