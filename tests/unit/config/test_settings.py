"""Settings: environment over file over default, unknown names refused, pages up to date."""

from __future__ import annotations

import re

import pytest
from pydantic import BaseModel

from framepath.config import reference
from framepath.config.read import read_settings
from framepath.config.settings import Section, Settings
from framepath.errors import SettingsError


def sections(model: type[BaseModel] = Settings):
    for field in model.model_fields.values():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield field.annotation
            yield from sections(field.annotation)


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "framepath.yml"
        path.write_text(text)
        return path

    return write


def test_every_field_has_a_unit_and_a_description():
    for section in (Settings, *sections()):
        for name, field in section.model_fields.items():
            assert field.description, name
            assert "unit" in (field.json_schema_extra or {}), name


def test_page_and_schema_follow_the_tree():
    message = "run python -m framepath.config.reference"
    assert reference.PAGE.read_text(encoding="utf-8") == reference.page(), message
    assert reference.SCHEMA.read_text(encoding="utf-8") == reference.schema(), message


def test_no_file_gives_the_defaults(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert read_settings(environment={}) == Settings()


def test_command_line_over_environment_over_file(file):
    path = file("serve: {host: a, port: 1, public: true}")
    environment = {"FRAMEPATH_SERVE__HOST": "b", "FRAMEPATH_SERVE__PORT": "2"}
    settings = read_settings(
        path, environment=environment, overrides={"serve": {"host": "c"}}
    ).serve
    assert (settings.host, settings.port, settings.public) == ("c", 2, True)


def test_the_key_comes_from_its_own_variable_and_is_not_shown(file):
    settings = read_settings(file(""), environment={"FRAMEPATH_API_KEY": "abc123"})
    assert settings.serve.api_key is not None
    assert settings.serve.api_key.get_secret_value() == "abc123"
    assert "abc123" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("serve: {prot: 1}", "serve.prot: there is no such name, did you mean port?"),
        ("session: {catalogue: x}", "did you mean catalog?"),
        ("session: {colour: x}", "there is no such name; known are devices, "),
        ("sesion: {catalog: x}", "sesion: there is no such name, did you mean session?"),
        (
            "serve: {path_maps: [{ioc: /a, heer: /b}]}",
            "heer: there is no such name, did you mean here?",
        ),
        ("server: {}", "server"),
        ("serve: {port: 70000}", "serve.port"),
        ("serve: {api_key: 'a-b'}", "serve.api_key"),
        ("serve: {workers: 2}", "serve.workers"),
        ("serve: {workers: 2, stream_uri: 'redis://h'}", "serve.catalog_uri (postgresql)"),
        ("serve: {workers: 2, catalog_uri: 'postgresql://h/d'}", "serve.stream_uri (redis)"),
        ("serve: [1]", "framepath.yml"),
        ("- 1", "framepath.yml"),
        ("serve: {", "framepath.yml"),
    ],
)
def test_what_does_not_fit_is_named(file, text, named):
    with pytest.raises(SettingsError, match=re.escape(named)):
        read_settings(file(text), environment={})


def test_a_named_file_that_is_missing_is_an_error(tmp_path):
    with pytest.raises(SettingsError, match=r"nowhere\.yml"):
        read_settings(tmp_path / "nowhere.yml", environment={})
