"""A witness policy read back in words: who must have seen the log before the box is opened."""

from audit.policy import NONE, Policy

_WORDS = {
    "en": {
        "none": "Nobody outside is asked to have seen the log before the box is opened.",
        "quorum": "Before the box is opened, the end of the log must have been seen by {who}.",
        "all": "all of these {count}: {members}",
        "some": "at least {threshold} of these {count}: {members}",
        "and": "; ",
        "witness": "Witness {name}: {key}, {where}.",
        "asked": "asked at {url}",
        "by hand": "asked by hand",
        "group": "group {name} ({who})",
    },
    "fr": {
        "none": "Personne à l'extérieur ne doit avoir vu le registre avant l'ouverture de l'urne.",
        "quorum": "Avant l'ouverture de l'urne, la fin du registre doit avoir été vue par {who}.",
        "all": "les {count} que voici\u00a0: {members}",
        "some": "au moins {threshold} de ces {count}\u00a0: {members}",
        "and": "\u00a0; ",
        "witness": "Témoin {name}\u00a0: {key}, {where}.",
        "asked": "interrogé à {url}",
        "by hand": "interrogé à la main",
        "group": "le groupe {name} ({who})",
    },
}


def describe_policy(policy: Policy | None, language: str) -> tuple[str, ...]:
    """Sentences in ``language`` (``fr`` or ``en``): what the quorum is, then each witness with its
    key's name and where it is asked. ``None`` is an election without a policy."""
    words = _WORDS[language]
    if policy is None or policy.quorum == NONE:
        first = words["none"]
    else:
        first = words["quorum"].format(who=_who(policy, policy.quorum, words))
    if policy is None:
        return (first,)
    return (
        first,
        *(
            words["witness"].format(
                name=name,
                key=peer.key.name,
                where=words["asked"].format(url=peer.url) if peer.url else words["by hand"],
            )
            for name, peer in policy.witnesses.items()
        ),
    )


def _who(policy: Policy, name: str, words: dict[str, str]) -> str:
    """A witness's name, or what a group asks for."""
    group = policy.groups.get(name)
    if group is None:
        return name
    members = [
        words["group"].format(name=member, who=_who(policy, member, words))
        if member in policy.groups
        else member
        for member in group.members
    ]
    if len(members) == 1:
        return members[0]
    count = len(members)
    sentence = words["all" if group.threshold == count else "some"]
    joined = (words["and"] if policy.groups.keys() & set(group.members) else ", ").join(members)
    return sentence.format(threshold=group.threshold, count=count, members=joined)
