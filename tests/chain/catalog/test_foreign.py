"""Formats that Tiled reads itself: what a client registers leads nowhere outside, and to no SQL."""

from __future__ import annotations

import io
import re
import uuid
import zipfile

import awkward
import h5py
import numpy as np
import pandas
import pyarrow
import pytest
import tifffile
import zarr
from tiled.client.utils import ClientError
from tiled.structures.array import ArrayStructure, BuiltinDtype
from tiled.structures.container import ContainerStructure
from tiled.structures.core import StructureFamily
from tiled.structures.data_source import Asset, DataSource, Management
from tiled.structures.table import TableStructure

ROWS = pandas.DataFrame({"a": [1], "b": ["secret"]})
TEXTS = pandas.DataFrame({"a": ["secret"]})
NPY = "multipart/related;type=application/x-npy"
TABLE = "application/x-tiled-sql-table"
ARRAY = ArrayStructure(BuiltinDtype.from_numpy_dtype(np.dtype("u1")), ((1,), (6,)), (1, 6))


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    folder = tmp_path_factory.mktemp("outside")
    ROWS.to_csv(folder / "s.csv", index=False)
    np.save(folder / "s.npy", np.frombuffer(b"secret", "u1"))
    (folder / "s.txt").write_text("secret")
    with h5py.File(folder / "s.h5", "w") as file:
        file["x"] = np.frombuffer(b"secret", "u1")
    return folder


@pytest.fixture(scope="module")
def inside(data_folder):
    folder = data_folder / "foreign"
    folder.mkdir()
    ROWS.to_csv(folder / "a.csv", index=False)
    np.save(folder / "a.npy", np.zeros(6, "u1"))
    return folder


@pytest.fixture
def add(catalog):
    """Register data as a client may: anything, and any way."""

    def added(mimetype, structure, path, *, uri=None, parameter="data_uris", **parameters):
        family = {TableStructure: "table", ArrayStructure: "array", ContainerStructure: "container"}
        asset = Asset(
            data_uri=uri or f"file://localhost{path}",
            is_directory=False,
            parameter=parameter,
            num=0 if parameter == "data_uris" else None,
        )
        source = DataSource(
            structure_family=StructureFamily(family[type(structure)]),
            structure=structure,
            id=None,
            mimetype=mimetype,
            parameters=parameters,
            management=Management.external,
            assets=[asset],
        )
        key = f"foreign-{uuid.uuid4()}"
        return catalog.new(source.structure_family, [source], key=key, metadata={}, specs=[])

    return added


def test_files_inside_are_read(add, inside):
    table = TableStructure.from_pandas(ROWS)
    assert add("text/csv", table, inside / "a.csv").read()["b"][0] == "secret"
    assert add(NPY, ARRAY, inside / "a.npy").read().tolist() == [[0] * 6]
    with h5py.File(inside / "a.nc", "w") as file:
        file["x"] = np.arange(3)
    assert add("application/x-netcdf", ContainerStructure([]), inside / "a.nc")["x"][1] == 1
    with pytest.raises(ClientError, match=r"424.*no such file.*gone\.csv"):
        add("text/csv", table, inside / "gone.csv").read()


@pytest.mark.parametrize("parameter", ["data_uris", "data_uri", None])
def test_assets_are_checked_whatever_parameter_they_name(add, inside, outside, parameter):
    structure = TableStructure.from_pandas(ROWS)
    with pytest.raises(ClientError, match=r"403.*confinement.*s\.csv"):
        add("text/csv", structure, outside / "s.csv", parameter=parameter).read()
    with pytest.raises(ClientError, match=r"403.*confinement.*s\.npy"):
        add(NPY, ARRAY, outside / "s.npy", parameter=parameter).read()


def test_paths_are_checked_as_tiled_reads_them(add, inside, outside):
    (inside / "s%2E.npy").symlink_to(outside / "s.npy")
    np.save(inside / "s..npy", np.zeros(6, "u1"))
    with pytest.raises(ClientError, match=r"403.*confinement"):
        add(NPY, ARRAY, inside / "s%2E.npy").read()
    with pytest.raises(ClientError, match=r"409.*pattern"):
        add("text/csv", TableStructure.from_pandas(ROWS), inside / "[a].csv").read()
    with pytest.raises(ClientError, match=r"409.*only files"):
        add("text/csv", TableStructure.from_pandas(ROWS), "", uri="s3://bucket/s.csv").read()


def test_parameters_name_no_files(add, inside, outside):
    with pytest.raises(ClientError, match=r"409.*parameters name files"):
        add(NPY, ARRAY, inside / "a.npy", data_uris=[f"file://localhost{outside}/s.npy"]).read()


def test_what_leads_to_other_files_is_not_followed(add, inside, outside):
    with h5py.File(inside / "link.nc", "w") as file:
        file["x"] = h5py.ExternalLink(str(outside / "s.h5"), "/x")
    with pytest.raises(ClientError, match=r"403.*confinement"):
        add("application/x-netcdf", ContainerStructure([]), inside / "link.nc")["x"]
    store = inside / "a.zarr"
    made = zarr.create_array(str(store), shape=(1, 6), chunks=(1, 6), dtype="u1", compressors=None)
    made[:] = 1
    (chunk,) = [path for path in (store / "c").rglob("*") if path.is_file()]
    chunk.unlink()
    chunk.symlink_to(outside / "s.txt")
    with pytest.raises(ClientError, match=r"403.*confinement"):
        add("application/x-zarr", ARRAY, store, parameter="data_uri").read()


def test_a_tiff_file_is_read_alone(add, inside, outside):
    pixels = np.full((2, 1, 6), 77, "u1")
    tifffile.imwrite(outside / "s.ome.tif", pixels, metadata={"axes": "ZYX"}, compression="zlib")
    with tifffile.TiffFile(outside / "s.ome.tif") as other:
        told = other.ome_metadata
    own = re.search("urn:uuid:[0-9a-f-]+", told)[0]
    named = f'<TiffData IFD="0" PlaneCount="2"><UUID FileName="{outside}/s.ome.tif">{own}</UUID>'
    told = told.replace(own, f"urn:uuid:{uuid.uuid4()}")
    told = re.sub("<TiffData.*?/>", f"{named}</TiffData>", told)
    path = inside / "a.ome.tif"
    tifffile.imwrite(path, np.zeros((1, 6), "u1"), description=told.encode(), metadata=None)
    if tifffile.imread(path).max() != 77:
        pytest.fail("tifffile does not follow this file: the test shows nothing")
    assert add("image/tiff", ARRAY, path, parameter="data_uri").read().max() == 0


def test_tables_are_no_sql(catalog, add, outside):
    schema = pyarrow.schema([("a", pyarrow.string())])
    table = catalog.create_appendable_table(schema, key=f"table-{uuid.uuid4()}")
    table.append_partition(0, pyarrow.table({"a": ["x"]}))
    (source,) = table.data_sources()
    uri, name = source.assets[0].data_uri, source.parameters["table_name"]
    number = source.parameters["dataset_id"]
    structure = TableStructure.from_pandas(TEXTS)

    def read(structure=structure, **parameters):
        rows = add(TABLE, structure, "", uri=uri, parameter="data_uri", **parameters).read()
        return rows["a"].tolist()

    assert read(table_name=name, dataset_id=number) == ["x"]
    text = f"SELECT content AS a FROM read_text('{outside}/s.txt') --"
    for given in (
        {"table_name": name, "dataset_id": f"0 UNION ALL {text}"},
        {"table_name": name, "dataset_id": f"0; COPY (SELECT 1) TO '{outside}/made.csv' --"},
        {"table_name": f'{name}" WHERE 0=1 UNION ALL {text}', "dataset_id": number},
        {"table_name": f"{outside}/s.csv", "dataset_id": number},
        {"table_name": name, "dataset_id": number, "structure": TableStructure.from_pandas(
            TEXTS.rename(columns={"a": f'a" FROM "{name}" WHERE 0=1 UNION ALL {text}'})
        )},
    ):  # fmt: skip
        with pytest.raises(ClientError, match=r"409.*this data source is not read"):
            read(**given)
    assert not (outside / "made.csv").exists()


@pytest.mark.parametrize("key", [".", ".."])
def test_no_node_is_stored_over_others(catalog, key):
    with pytest.raises(ClientError, match=r"409.*no node can have this name"):
        catalog.write_array(np.arange(3), key=key)


def test_buffers_are_files_of_their_folder(catalog, served):
    array = awkward.Array([[1, 2], [3]])
    node = catalog.write_awkward(array, key=f"buffers-{uuid.uuid4()}")
    assert node.read().to_list() == array.to_list()
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("../../made", "anything")
    answer = catalog.context.http_client.put(
        node.uri.replace("/metadata/", "/awkward/full/"),
        content=body.getvalue(),
        headers={"Content-Type": "application/zip"},
    )
    assert answer.status_code == 409
    assert "a buffer cannot have this name" in answer.json()["detail"]
