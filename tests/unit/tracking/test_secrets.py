"""Credentials do not pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unsmear.tracking import secrets
from unsmear.tracking.config import TrackingConfig


@pytest.fixture(autouse=True)
def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_known", set())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://ada:pw@db:5432/x failed", "postgresql://***@db:5432/x failed"),
        ("https://ada:p@w@host/path", "https://***@host/path"),
        ("postgresql+psycopg2://ada@db/x", "postgresql+psycopg2://***@db/x"),
        ("https://host/a?token=abc&x=1", "https://host/a?token=***&x=1"),
        ("{'Authorization': 'Bearer abc.def'}", "{'Authorization': 'Bearer ***'}"),
        ("Authorization: Basic YWRhOnB3", "Authorization: Basic ***"),
        ("mail ada@host.org about http://host:5000/ and a basic question", None),
        ("results/models/masked", None),
    ],
)
def test_redact(text: str, expected: str | None) -> None:
    assert secrets.redact(text) == (text if expected is None else expected)


def test_values_of_the_environment_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "tok-123")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "")
    assert secrets.redact("send tok-123 now") == "send *** now"


@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=4, max_size=20))
def test_password_from_the_environment_arrives_and_stays_inside(password: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OUR_PASSWORD", password)
        patch.setattr(secrets, "_known", set())
        uri = secrets.expand_variables("https://ada:${OUR_PASSWORD}@host:8443/base")
        found = secrets.split_credentials(uri)
        assert found == ("https://host:8443/base", "ada", password)
        assert secrets.public_uri(uri) == "https://host:8443/base"
        assert password not in secrets.redact(f"it said <{password}>").replace(secrets.MASK, "")


def test_whole_uri_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("OUR_STORE", "postgresql://ada:secret77@db/x?sslmode=require")
    destination = TrackingConfig(uri="${OUR_STORE}").resolve(tmp_path)
    assert destination.uri == "postgresql://ada:secret77@db/x?sslmode=require"
    assert destination.public == "postgresql://db/x"
    assert "secret77" not in repr(destination)


def test_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOT_THERE", raising=False)
    with pytest.raises(ValueError, match="export NOT_THERE"):
        secrets.expand_variables("https://${NOT_THERE}@host")


def test_config_does_not_show_its_uri() -> None:
    config = TrackingConfig(uri="https://ada:secret77@host")
    assert "secret77" not in repr(config) + str(config)
    with pytest.raises(ValueError, match="must begin with") as caught:
        TrackingConfig(uri="ftp://ada:secret77@host")
    assert "secret77" not in str(caught.value)
