import json

import pytest
from click.testing import CliRunner

from framepath.cli import cli
from framepath.errors import SettingsError

SOUND = """<?xml version="1.0"?>
<hdf5_layout>
  <global name="detector_data_destination" ndattribute="SaveDest"/>
  <group name="entry" ndattr_default="true">
    <dataset name="data" source="detector" det_default="true"/>
    <dataset name="dark" source="detector"/>
  </group>
</hdf5_layout>
"""
NATIVE = '<Attributes>\n  <Attribute name="SaveDest" source="P:FrameType"/>\n</Attributes>'


@pytest.fixture
def run(tmp_path):
    def run(layout, *options, attributes=None):
        (tmp_path / "l.xml").write_text(layout)
        arguments = [str(tmp_path / "l.xml"), *options]
        if attributes is not None:
            (tmp_path / "a.xml").write_text(attributes)
            arguments += ["--attributes", str(tmp_path / "a.xml")]
        return CliRunner().invoke(cli, ["lint", *arguments])

    return run


def test_clean_is_0(run):
    result = run(SOUND)
    assert (result.exit_code, result.output.endswith("l.xml: clean\n")) == (0, True)


def test_findings_are_1_and_one_line_each(run):
    result = run(SOUND, attributes=NATIVE)
    lines = result.output.splitlines()
    assert result.exit_code == 1
    assert len(lines) == 2
    assert "a.xml:2:3: error [routing-attribute-not-string]" in lines[0]
    assert 'Next: write dbrtype="DBR_STRING"' in lines[0]
    assert "1 error(s), 0 warning(s), 0 note(s)" in lines[1]


def test_notes_are_shown_and_count_as_clean(run):
    note = '<attribute name="a" source="constant" when="OnFileClose"/>'
    result = run(SOUND.replace("</group>", f"{note}</group>"))
    assert (result.exit_code, "layout-when-ignored" in result.output) == (0, True)


def test_json_holds_every_finding(run):
    result = run(SOUND, "--frame-types", "0=/entry/data,1=/entry/flat", "--json")
    report = json.loads(result.output)
    assert result.exit_code == 1
    assert report["layout"].endswith("l.xml")
    assert [(f["rule"], f["line"]) for f in report["findings"]] == [
        ("routing-dataset-never-named", 6),
        ("routing-unknown-destination", None),
    ]
    clean = json.loads(run(SOUND, "--json").output)
    assert clean["findings"] == []


def test_malformed_xml_is_a_finding(run):
    result = run("<hdf5_layout>\n  <group>")
    assert result.exit_code == 1
    assert "l.xml:2:10: error [layout-not-xml]" in result.output


def test_macros_reach_the_attributes(run):
    attributes = NATIVE.replace("P:", "$(P)").replace("/>", ' dbrtype="DBR_STRING"/>')
    assert run(SOUND, attributes=attributes).exit_code == 1
    assert run(SOUND, "--macros", "P=13SIM1:", attributes=attributes).exit_code == 0


@pytest.mark.parametrize("option", [(), ("--attributes", "none.xml"), ("--nonsense",)])
def test_wrong_use_is_2(tmp_path, option):
    path = tmp_path / "l.xml"
    if option:
        path.write_text(SOUND)
    result = CliRunner().invoke(cli, ["lint", str(path), *option])
    assert result.exit_code == 2


def test_frame_types_that_cannot_be_read_are_wrong_use(run):
    # The command's main turns a SettingsError into exit status 2.
    assert isinstance(run(SOUND, "--frame-types", "1=/a,1=/b").exception, SettingsError)


def test_a_terminal_gets_blocks(run, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    result = run(SOUND, attributes=NATIVE)
    assert "\x1b[" in result.output
    assert "the C++ plugin" in result.output
    assert result.exit_code == 1
