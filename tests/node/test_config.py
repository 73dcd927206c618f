"""What an operator sets: precedence, round trip, and a clear word for each bad value."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.guard import network
from node.app import default_settings
from node.config import FILE, Config, ConfigError, listening_on, load, save, software_version

GOOD = Config(data=Path(), base_url="https://hub.example")


@pytest.fixture
def written(tmp_path):
    def write(text: str) -> Path:
        (tmp_path / FILE).write_text(text, "utf-8")
        return tmp_path

    return write


def test_least_is_an_address(written):
    folder = written('base_url = "https://hub.example"')
    assert load(folder, {}) == replace(GOOD, data=folder)
    assert load(folder, {}).addresses.authority == "hub.example"
    assert load(folder, {}).database == folder / "node.db"


def test_environment_goes_before_the_file(written):
    folder = written(
        'base_url = "https://hub.example"\nname = "File"\nlisten = "127.0.0.1:1"\n'
        'languages = ["en"]\nsummary = "kept"'
    )
    environment = {
        "CAPX_NAME": "Environment",
        "CAPX_LISTEN": "[::1]:8443",
        "CAPX_LANGUAGES": "fr, uk,",
        "CAPX_DEV": "true",
        "CAPX_BASE_URL": "http://other.example:8101",
        "CAPX_SOURCE": "https://code.example/fork",
        "CAPX_ALLOW_NETWORKS": "10.1.0.0/16, fd00::/8,",
        "CAPX_DATA": "/elsewhere",
        "UNRELATED": "x",
    }
    assert load(folder, environment) == Config(
        data=folder,
        base_url="http://other.example:8101",
        host="::1",
        port=8443,
        name="Environment",
        summary="kept",
        languages=("fr", "uk"),
        source="https://code.example/fork",
        dev=True,
        allow_networks=(network("10.1.0.0/16"), network("fd00::/8")),
    )


def test_proxies_are_trusted_by_address_or_network_h69(written):
    text = 'base_url = "https://hub.example"\n'
    assert [str(each) for each in load(written(text), {}).trusted_proxies] == [
        "127.0.0.0/8",
        "::1/128",
    ]
    named = load(written(f'{text}trusted_proxies = ["10.1.2.3", "fd00::/8"]'), {}).trusted_proxies
    assert [str(each) for each in named] == ["10.1.2.3/32", "fd00::/8"]
    assert load(written(text), {"CAPX_TRUSTED_PROXIES": ""}).trusted_proxies == ()


def test_networks_to_dial_are_those_named_and_none_unless_named():
    named = replace(GOOD, allow_networks=(network("10.0.0.0/8"),))
    assert default_settings(named).policy.may_dial("10.1.2.3", 443)
    assert not default_settings(GOOD).policy.may_dial("10.1.2.3", 443)
    assert not default_settings(named).policy.may_dial("127.0.0.1", 443)


def test_flag_goes_before_all():
    assert listening_on(GOOD, "0.0.0.0:9000") == replace(GOOD, host="0.0.0.0", port=9000)


BAD = [
    ("", "base_url is missing"),
    ("base_url = 7", "base_url must be text"),
    ('base_url = "hub.example"', "base_url"),
    ('base_url = "ftp://hub.example"', "base_url"),
    ('base_url = "https://"', "base_url"),
    ('base_url = "https://hub.example/"', "base_url"),
    ('base_url = "https://hub.example/path"', "base_url"),
    ('base_url = "https://hub.example?x=1"', "base_url"),
    ('base_url = "https://hub.example#x"', "base_url"),
    ('base_url = "https://user@hub.example"', "base_url"),
    ('base_url = "https://hub.example:443"', "base_url"),
    ('base_url = "https://hub.example:99999"', "base_url"),
    ('base_url = "https://hub.example:x"', "base_url"),
    ('base_url = "https://hub example"', "base_url"),
    ('base_url = "https://HUB.example"', "lower case"),
    ('base_url = "https://хаб.example"', "base_url"),
    ('base_url = "http://hub.example"', "https"),
    ('base_url = "https://hub.example"\nlisten = "8080"', "listen"),
    ('base_url = "https://hub.example"\nlisten = "127.0.0.1:x"', "listen"),
    ('base_url = "https://hub.example"\nlisten = "127.0.0.1:0"', "listen"),
    ('base_url = "https://hub.example"\nlisten = "127.0.0.1:70000"', "listen"),
    ('base_url = "https://hub.example"\nlisten = "127.0.0.1:²"', "listen"),
    ('base_url = "https://hub.example"\nlanguages = ["english"]', "languages"),
    ('base_url = "https://hub.example"\nlanguages = 7', "languages"),
    ('base_url = "https://hub.example"\nlanguages = [7]', "languages"),
    ('base_url = "https://hub.example"\ndev = "perhaps"', "dev"),
    ('base_url = "https://hub.example"\ndev = []', "dev"),
    ('base_url = "https://hub.example"\nallow_networks = "all"', "allow_networks"),
    ('base_url = "https://hub.example"\nallow_networks = [10]', "allow_networks"),
    ('base_url = "https://hub.example"\nallow_networks = ["0.0.0.0/0"]', "allow_networks"),
    ('base_url = "https://hub.example"\nname = 7', "name must be text"),
    ('base_url = "https://hub.example"\ncolour = "red"', "there is no setting 'colour'"),
    ('base_url = "https://hub.example"\nfederation = "closed"', "federation must be"),
    ('base_url = "https://hub.example"\nfederation = []', "federation must be"),
    ('base_url = "https://hub.example"\nauthorized_fetch = "x"', "authorized_fetch must be"),
    ('base_url = "https://hub.example"\nrate_limit = -1', "rate_limit must be"),
    ('base_url = "https://hub.example"\nrate_limit = true', "rate_limit must be"),
    ('base_url = "https://hub.example"\nrate_limit = "²"', "rate_limit must be"),
    ('base_url = "https://hub.example"\ntrusted_proxies = ["proxy"]', "trusted_proxies"),
    ('base_url = "https://hub.example"\ntrusted_proxies = ["10.0.0.1/8"]', "trusted_proxies"),
    ('base_url = "https://hub.example"\ntrusted_proxies = 7', "trusted_proxies"),
    ("base_url = ", "cannot read"),
    ("\x00", "cannot read"),
]


@pytest.mark.parametrize(("text", "word"), BAD, ids=[text[-40:] for text, _ in BAD])
def test_bad_value_is_named(written, text, word):
    with pytest.raises(ConfigError) as raised:
        load(written(text), {})
    assert word in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CAPX_LISTEN", "x"),
        ("CAPX_DEV", "maybe"),
        ("CAPX_LANGUAGES", "no tag!"),
        ("CAPX_BASE_URL", ""),
        ("CAPX_TRUSTED_PROXIES", "not-an-address"),
        ("CAPX_FEDERATION", "maybe"),
        ("CAPX_RATE_LIMIT", "many"),
        ("CAPX_TRUSTED_PROXIES", "10.0.0.0/8,proxy"),
        ("CAPX_ALLOW_NETWORKS", "::/0"),
    ],
)
def test_bad_environment_is_named(written, name, value):
    with pytest.raises(ConfigError) as raised:
        load(written('base_url = "https://hub.example"'), {name: value})
    assert name.removeprefix("CAPX_").lower() in str(raised.value).lower()


def test_folder_without_a_node_says_how_to_make_one(tmp_path):
    with pytest.raises(ConfigError, match="capx init"):
        load(tmp_path, {})


def test_file_that_is_no_text_is_named(tmp_path):
    (tmp_path / FILE).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot read"):
        load(tmp_path, {})
    (tmp_path / FILE).unlink()
    (tmp_path / FILE).mkdir()
    with pytest.raises(ConfigError, match="cannot read"):
        load(tmp_path, {})


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)


@given(
    name=TEXTS,
    summary=TEXTS,
    source=TEXTS,
    host=st.sampled_from(["127.0.0.1", "::1", "localhost", "0.0.0.0"]),
    port=st.integers(1, 65535),
    languages=st.lists(st.sampled_from(["en", "pt-BR", "zh-hant"])).map(tuple),
    dev=st.booleans(),
    allow_networks=st.lists(st.sampled_from(["10.0.0.0/8", "::1/128"]).map(network)).map(tuple),
)
def test_saved_configuration_is_read_again(tmp_path_factory, **values):
    folder = tmp_path_factory.getbasetemp() / "round-trip"
    folder.mkdir(exist_ok=True)
    config = Config(data=folder, base_url="https://hub.example", **values)
    save(config)
    assert load(folder, {}) == config


@pytest.mark.parametrize(
    "base_url",
    ["https://hub.example", "https://hub.example:8443", "https://xn--80aa.example"],
)
def test_good_address_holds(base_url):
    assert replace(GOOD, base_url=base_url).check().base_url == base_url


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:8101", "http://localhost:1"])
def test_plain_http_is_for_trying_out(base_url):
    assert replace(GOOD, base_url=base_url, dev=True).check().base_url == base_url
    with pytest.raises(ConfigError):
        replace(GOOD, base_url=base_url).check()


def test_version_is_that_of_the_package():
    assert software_version()[0].isdigit()
