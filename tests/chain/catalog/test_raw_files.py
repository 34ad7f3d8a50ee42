"""Raw downloads: the file's own bytes, whatever it is called, and never another's."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import tifffile
from tiled.client.utils import ClientError
from tiled.structures.array import ArrayStructure
from tiled.structures.core import StructureFamily
from tiled.structures.data_source import Asset, DataSource, Management

from chain.catalog.runs import frames, write_stack


def download(run, **headers):
    images, http = run.primary["eiger2_image"], run.context.http_client
    node = http.get(images.uri, params={"include_data_sources": True}).json()
    asset = node["data"]["attributes"]["data_sources"][0]["assets"][0]["id"]
    uri = images.uri.replace("/metadata/", "/asset/bytes/")
    return http.get(uri, params={"id": asset}, headers=headers)


@pytest.mark.parametrize("name", ["plain.h5", "with space ü.h5", "кадры.h5", 'a"quote".h5'])
def test_the_bytes_of_the_file(runs, data_folder, name):
    path = write_stack(data_folder / name)
    run = runs.add(path)
    answer = download(run)
    assert answer.content == path.read_bytes()
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert [file.on_server for file in run.files()] == [str(path)]
    assert download(run, Range="bytes=1-3").content == b"HDF"


def test_a_file_that_is_gone_is_named(runs, data_folder):
    path = write_stack(data_folder / "gone download.h5")
    run = runs.add(path)
    path.unlink()
    answer = download(run)
    assert answer.status_code == 424
    assert str(path) in answer.text


def test_another_hosts_spelling_is_this_hosts_file(runs, data_folder):
    path = write_stack(data_folder / "mapped download.h5")
    answer = download(runs.add("file://detpc/C:/detector/mapped%20download.h5"))
    assert answer.content == path.read_bytes()


def test_another_hosts_name_for_the_folder_is_none_here(catalog, runs, elsewhere):
    """A map turns it into the served folder; what lies there on this host is outside."""
    answer = download(runs.add(write_stack(elsewhere / "outside.h5")))
    assert answer.status_code == 424
    picture = elsewhere / "outside.tiff"
    tifffile.imwrite(picture, frames(1)[0])
    structure = ArrayStructure.from_array(frames(1)[0])
    asset = Asset(data_uri=picture.as_uri(), is_directory=False, parameter="data_uri")
    source = DataSource(
        StructureFamily.array, structure, id=None, mimetype="image/tiff",
        management=Management.external, assets=[asset],
    )  # fmt: skip
    image = catalog.new(StructureFamily.array, [source], key="outside.tiff", metadata={}, specs=[])
    with pytest.raises(ClientError) as caught:
        image.read()
    assert caught.value.response.status_code == 403


def test_a_symlink_that_is_swapped_meanwhile_leads_to_nothing(runs, data_folder, tmp_path):
    """The inside file and the outside one take turns; whoever asks gets the first or an error."""
    inside = write_stack(data_folder / "inside.h5")
    outside = write_stack(tmp_path / "outside.h5", first=77)
    flipping, done = data_folder / "flips.h5", threading.Event()
    flipping.symlink_to(inside)
    run = runs.add(flipping)

    def flip():
        while not done.is_set():
            for n, target in enumerate((outside, inside)):
                other = data_folder / f"next {n}"
                other.symlink_to(target)
                other.rename(flipping)

    flipper = threading.Thread(target=flip)
    flipper.start()
    images, n_read, refused = run.primary["eiger2_image"], 0, []
    try:
        for _ in range(60):
            answer = download(run)
            if answer.is_success:
                assert answer.content == inside.read_bytes()
            else:
                assert answer.status_code in (403, 404, 422, 424), answer.text
            try:
                pixels = images[3]
            except ClientError as error:
                refused.append(error.response.status_code)
            else:
                np.testing.assert_array_equal(pixels, frames(10)[3])
                n_read += 1
    finally:
        done.set()
        flipper.join()
    assert n_read
    assert set(refused) <= {403, 422, 424}
    assert refused
