"""Signing by hand: what other software sends, a liar's too, and our own never does."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime

from federation.signatures.digest import content_digest_header, digest_header
from federation.signatures.keys import PrivateKey
from tests.journeys.foreign import ForeignActor

POST = ("(request-target)", "host", "date", "digest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A request under draft-cavage in which everything can be wrong.

    ``headers`` are sent and, where covered, signed; an empty value is a header that is not sent.
    ``signed`` are values that are signed in the place of those that are sent.
    """

    by: ForeignActor
    host: str
    body: bytes
    covered: Sequence[str] = POST
    target: str = "/inbox"
    method: str = "post"
    algorithm: str | None = "rsa-sha256"
    key: PrivateKey | None = None
    key_uri: str | None = None
    created: int | None = None
    expires: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    signed: dict[str, str] = field(default_factory=dict)

    def sent(self) -> dict[str, str]:
        """Return the headers to be sent."""
        plain = self._plain()
        values = {
            "(request-target)": f"{self.method} {self.target}",
            "(created)": str(self.created),
            "(expires)": str(self.expires),
            **{name.lower(): value for name, value in plain.items()},
            **self.signed,
        }
        text = "\n".join(f"{name}: {values[name]}" for name in self.covered)
        signature = base64.b64encode((self.key or self.by.key).sign(text.encode())).decode()
        return {**plain, "Signature": ",".join(self._parameters(signature))}

    def _plain(self) -> dict[str, str]:
        given = {
            "Host": self.host,
            "Date": format_datetime(datetime.now(UTC), usegmt=True),
            "Digest": digest_header(self.body),
            **self.headers,
        }
        return {name: value for name, value in given.items() if value}

    def _parameters(self, signature: str) -> list[str]:
        times = {"created": self.created, "expires": self.expires}
        return [
            f'keyId="{self.key_uri or self.by.key_uri}"',
            *([f'algorithm="{self.algorithm}"'] if self.algorithm is not None else []),
            *(f"{name}={value}" for name, value in times.items() if value is not None),
            f'headers="{" ".join(self.covered)}"',
            f'signature="{signature}"',
        ]


def rfc9421(
    by: ForeignActor,
    url: str,
    body: bytes,
    *,
    covered: Sequence[str] = ("@method", "@target-uri", "content-digest"),
    digest: str | None = None,
    algorithm: str = "rsa-v1_5-sha256",
    created: int | None = None,
    key: PrivateKey | None = None,
    key_uri: str | None = None,
) -> dict[str, str]:
    """Return the headers of a POST under RFC 9421 in which everything can be wrong."""
    digest = content_digest_header(body) if digest is None else digest
    host, date = url.split("/")[2], format_datetime(datetime.now(UTC), usegmt=True)
    values = {
        "@method": "POST",
        "@target-uri": url,
        "@authority": host,
        "host": host,
        "date": date,
        "content-digest": digest,
    }
    created = int(datetime.now(UTC).timestamp()) if created is None else created
    said = (
        f"({' '.join(f'{chr(34)}{name}{chr(34)}' for name in covered)})"
        f';created={created};keyid="{key_uri or by.key_uri}";alg="{algorithm}"'
    )
    lines = [f'"{name}": {values[name]}' for name in covered]
    base = "\n".join([*lines, f'"@signature-params": {said}'])
    signature = base64.b64encode((key or by.key).sign(base.encode())).decode()
    return {
        "Date": date,
        "Content-Digest": digest,
        "Signature-Input": f"sig1={said}",
        "Signature": f"sig1=:{signature}:",
    }
