"""Whom this door counts a request for: the node found it out before (H69)."""

from aiohttp.test_utils import make_mocked_request

from web.client import CLIENT, OWN_SIDE, client_of


def test_h69_what_the_node_found_out_counts_and_no_header():
    request = make_mocked_request("GET", "/", headers={"X-Forwarded-For": "198.51.100.1"})
    assert client_of(request) == OWN_SIDE
    request[CLIENT] = "203.0.113.9"
    assert client_of(request) == "203.0.113.9"
