"""Who is asking at an address that serves machines and people alike (RFC 9110 12.5.1)."""

from federation.vocabulary import ACTIVITYSTREAMS

_MACHINE = ("application/activity+json", "application/ld+json")
_PERSON = ("text/html", "application/xhtml+xml")


def prefers_activity(accept: str) -> bool:
    """Say whether an Accept header asks for ActivityStreams rather than for a page.

    Whoever names ActivityStreams at least as strongly as HTML gets it; nothing at all is a page.
    """
    machine = person = 0.0
    for entry in accept[:4096].split(","):
        kind, *parameters = (part.strip() for part in entry.split(";"))
        weight = _weight(parameters)
        if kind.lower() in _MACHINE and _fits(kind.lower(), parameters):
            machine = max(machine, weight)
        elif kind.lower() in _PERSON:
            person = max(person, weight)
    return machine > 0 and machine >= person


def _fits(kind: str, parameters: list[str]) -> bool:
    """Say whether JSON-LD is asked for with the ActivityStreams profile, or with none."""
    profiles = [each for each in parameters if each.lower().startswith("profile")]
    return kind != "application/ld+json" or not profiles or ACTIVITYSTREAMS in profiles[0]


def _weight(parameters: list[str]) -> float:
    for each in parameters:
        name, _, value = each.partition("=")
        if name.strip().lower() == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0
