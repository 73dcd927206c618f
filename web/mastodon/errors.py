"""What this API refuses, in the form that apps expect: ``{"error": …}`` with a status."""

from collections.abc import Mapping


class ApiError(Exception):
    """A refusal; ``str(error)`` is safe to send. ``description`` is OAuth's (RFC 6749 5.2)."""

    status = 400

    def __init__(
        self,
        error: str,
        *,
        description: str = "",
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(error)
        self.description = description
        self.status = status or self.status
        self.headers = headers or {}


class BadParameter(ApiError):
    """A parameter has no sense."""

    status = 400


class NoRecord(ApiError):
    """There is no such thing, or not for whoever asks."""

    status = 404

    def __init__(self) -> None:
        super().__init__("Record not found")


class NoToken(ApiError):
    """The call is for those who are signed in, or the token does not hold (RFC 6750 3)."""

    status = 401

    def __init__(self, error: str = "The access token is invalid") -> None:
        super().__init__(error, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


class NoMember(ApiError):
    """The token is an app's own, and the call is about a person."""

    status = 422

    def __init__(self) -> None:
        super().__init__("This method requires an authenticated user")


class TooOften(ApiError):
    """Too many tries."""

    status = 429

    def __init__(self, seconds: int) -> None:
        super().__init__("Too many requests", headers={"Retry-After": str(seconds)})
