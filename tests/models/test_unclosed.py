"""The warning about an unclosed response, which shows no secrets."""

import pytest
from httpcore_models import URL, Request
from httpcore_models.lowlevel import warn_unclosed


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://example.org/path?token=secret", "http://example.org/path"),
        ("https://user:secret@example.org:444/", "https://example.org:444/"),
        (URL(scheme="http", host="proxy", target="http://user:secret@a/b?secret"), "http://a/b"),
        (URL(scheme="http", host="proxy", target="http://a"), "http://a"),
        (URL(scheme="http", host="proxy", target="example.org:443"), "example.org:443"),
        (URL(scheme="http", host="a", target="*"), "*"),
    ],
)
def test_warning_names_method_and_url_without_secrets(url: URL | str, shown: str) -> None:
    source = object()
    with pytest.warns(ResourceWarning) as caught:
        warn_unclosed(Request("GET", url), source)
    assert [str(each.message) for each in caught] == [f"unclosed response to GET {shown}"]
    assert caught[0].source is source
