"""An instrument as apsbits' own command makes it, with framepath's parts in its startup."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from doc_pages import blocks

NAME = "my_beamline"
PROFILE = "beamline"

MOVED_MODULE = """\
import sys

import numpy.lib._arraypad_impl

# databroker 1.2.5, which apsbits 2.0.4 wants, imports pims. Its newest wheel, 0.6.0, asks NumPy for
# a module by the name it had before NumPy 2 (pims 0.7 does not, and is no wheel).
sys.modules["numpy.lib.arraypad"] = numpy.lib._arraypad_impl
"""

STOCK_LINE = "RE, sd = init_RE(iconfig, subscribers=[bec, cat])\n"
PAGE = "how-to/add-to-your-session.md"
ADOPTED = next(block.text for block in blocks(PAGE) if block.title == "startup.py")
"""What the owner of an apsbits session is told to write instead."""

DEVICES = """
apsbits.utils.sim_creator.predefined_device:
- {{ creator: ophyd.sim.motor, name: sim_motor }}

framepath.acquire.area_detector:
- name: simdet
  prefix: "{prefix}"
  kind: sim
  files: {folder}/ours
  plugins: [image, pva, roi1, stats1]
  labels: [area_detector, detectors]
- name: eiger2
  prefix: "{eiger_prefix}"
  kind: eiger
  files: {folder}/eiger
  plugins:
  - cam:
      class: ophyd.areadetector.EigerDetectorCam
  - image
  - pva
  - roi1
  - stats1
  without: [pool_max_buffers]
  labels: [area_detector, detectors]

apstools.devices.ad_creator:
- name: adsim
  prefix: "{prefix}"
  labels: [area_detector, detectors]
  plugins:
  - cam:
      class: apstools.devices.SimDetectorCam_V34
  - image
  - pva
  - hdf1:
      write_path_template: {folder}/stock/
      read_path_template: {folder}/stock/
- name: adnamed
  prefix: "{prefix}"
  plugins:
  - cam:
      class: apstools.devices.SimDetectorCam_V34
  - image
  - pva
  - hdf1:
      class: apstools.devices.AD_EpicsFileNameHDF5Plugin
      write_path_template: {folder}/named/
      read_path_template: {folder}/named/
- name: adnowhere
  prefix: "{prefix}"
  plugins:
  - cam:
      class: apstools.devices.SimDetectorCam_V34
  - image
  - pva
  - hdf1:
      write_path_template: {folder}/nowhere/
      read_path_template: {folder}/nowhere/
- name: adunseen
  prefix: "{prefix}"
  plugins:
  - cam:
      class: apstools.devices.SimDetectorCam_V34
  - image
  - pva
  - hdf1:
      write_path_template: {folder}/stock/
      read_path_template: /mnt/not-mounted/stock/
"""


def make_instrument(
    place: Path, prefix: str, eiger_prefix: str, folder: Path, catalog_uri: str, container: str
) -> dict[str, str]:
    """Make the instrument below ``place``; return the environment its session needs."""
    (place / "scripts").mkdir()
    (place / "src").mkdir()
    (place / "src/sitecustomize.py").write_text(MOVED_MODULE)
    command = [sys.executable, "-m", "apsbits.api.create_new_instrument", NAME]
    subprocess.run(command, cwd=place, check=True, capture_output=True)
    package = place / "src" / NAME
    startup = (package / "startup.py").read_text()
    assert STOCK_LINE in startup
    (package / "startup.py").write_text(startup.replace(STOCK_LINE, ADOPTED))
    config = (package / "configs/iconfig.yml").read_text()
    config = config.replace("#TILED_PROFILE_NAME: raw", f"TILED_PROFILE_NAME: {PROFILE}")
    config = config.replace("#TILED_PATH_NAME: /raw", f"TILED_PATH_NAME: {container}")
    (package / "configs/iconfig.yml").write_text(config)
    devices = DEVICES.format(prefix=prefix, eiger_prefix=eiger_prefix, folder=folder)
    (package / "configs/devices.yml").write_text(devices)
    profiles = place / "profiles"
    profiles.mkdir()
    (profiles / "profiles.yml").write_text(f"{PROFILE}:\n  uri: {catalog_uri}\n")
    return {"PYTHONPATH": str(place / "src"), "TILED_PROFILES": str(profiles)}
