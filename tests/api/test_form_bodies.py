"""Bodies of forms as browsers send them, and as nobody should."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms_ssg.api.form_bodies import FormBody, parse_parts

TEXTS = st.text(st.characters(blacklist_categories=("Cs",)), max_size=60)


def encode(fields: dict[str, str], files: dict[str, bytes]) -> tuple[str, bytes]:
    """(Content-Type, body) as a browser makes them."""
    request = httpx.Request("POST", "http://localhost/", data=fields, files={name: ("a.bin", data) for name, data in files.items()})
    return request.headers["content-type"], request.read()


@given(
    st.dictionaries(st.sampled_from("abcdef"), TEXTS, max_size=4),
    st.dictionaries(st.sampled_from("xyz"), st.binary(max_size=300), min_size=1, max_size=3),
)
def test_what_is_sent_arrives(fields: dict[str, str], files: dict[str, bytes]) -> None:
    assert parse_parts(*encode(fields, files)) == FormBody(list(fields.items()), {name: data for name, data in files.items() if data})


@given(st.binary(max_size=400))
def test_any_bytes_are_a_form_or_refused(body: bytes) -> None:
    for whole in (body, b"--b\r\n" + body + b"\r\n--b--\r\n", b"--b" + body):
        try:
            parse_parts("multipart/form-data; boundary=b", whole)
        except ValueError:
            pass


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=" + "x" * 300])
def test_a_form_without_a_boundary_is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match="boundary"):
        parse_parts(kind, b"--\r\n\r\n\r\n----")


def test_a_form_that_is_cut_off_or_has_too_many_fields_is_refused() -> None:
    kind, body = encode({"a": "1"}, {"x": b"2"})
    with pytest.raises(ValueError, match="cut off"):
        parse_parts(kind, body[:-20])
    with pytest.raises(ValueError, match="too many"):
        parse_parts(*encode({f"f{number}": "" for number in range(300)}, {"x": b"2"}))


def test_a_quoted_boundary_and_a_name_in_another_script_are_read() -> None:
    body = '--a b\r\nContent-Disposition: form-data; name="città"\r\n\r\nTorino\r\n--a b--\r\n'.encode()
    assert parse_parts('multipart/form-data; boundary="a b"', body).fields == [("città", "Torino")]
