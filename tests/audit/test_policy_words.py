import pytest

from audit.note import COSIGNATURE, VerifierKey
from audit.policy import Policy
from audit.policy_words import describe_policy
from tests.audit.test_policy import KEYS, TEXT

A, B = (
    f"witness {name} {VerifierKey(name=f'{name}.example', kind=COSIGNATURE, public=key.public)}"
    for name, key in zip("ab", KEYS.values(), strict=False)
)

NESTED_ENGLISH = (
    "seen by all of these 2: group X-witnesses (at least 2 of these 3: X1, X2, X3); "
    "group Y-witnesses (at least 1 of these 3: Y1, Y2, Y3)."
)
NESTED_FRENCH = (
    "vue par les 2 que voici\u00a0: le groupe X-witnesses (au moins 2 de ces 3\u00a0: X1, X2, X3)"
    "\u00a0; le groupe Y-witnesses (au moins 1 de ces 3\u00a0: Y1, Y2, Y3)."
)


@pytest.mark.parametrize(
    ("policy", "english", "french"),
    [
        (f"{A}\nquorum a\n", "seen by a.", "vue par a."),
        (f"{A}\ngroup g all a\nquorum g\n", "seen by a.", "vue par a."),
        (
            f"{A}\n{B}\ngroup g all a b\nquorum g\n",
            "seen by all of these 2: a, b.",
            "vue par les 2 que voici\u00a0: a, b.",
        ),
        (
            f"{A}\n{B}\ngroup g any a b\nquorum g\n",
            "seen by at least 1 of these 2: a, b.",
            "vue par au moins 1 de ces 2\u00a0: a, b.",
        ),
        (
            TEXT,
            NESTED_ENGLISH,
            NESTED_FRENCH,
        ),
        (f"{A}\nquorum none\n", "Nobody outside", "Personne"),
    ],
)
def test_who_must_see_the_log(policy: str, english: str, french: str) -> None:
    parsed = Policy.parse(policy)
    for language, words in (("en", english), ("fr", french)):
        sentences = describe_policy(parsed, language)
        assert words in sentences[0]
        assert len(sentences) == 1 + len(parsed.witnesses)


def test_where_each_is_asked() -> None:
    policy = Policy.parse(f"{A} https://a.example/w\n{B}\ngroup g any a b\nquorum g\n")
    assert describe_policy(policy, "en")[1:] == (
        "Witness a: a.example, asked at https://a.example/w.",
        "Witness b: b.example, asked by hand.",
    )
    assert describe_policy(policy, "fr")[1] == (
        "Témoin a\u00a0: a.example, interrogé à https://a.example/w."
    )
    for language in ("en", "fr"):
        assert len(describe_policy(None, language)) == 1
