"""Reads Parquet files with four readers and compares every value with what was written.

python read_parquet.py EXPECTED.json, where the file holds
{"files": [...], "columns": [{"name", "type"}], "rows": [{...}], "dataset": {"dir", "config"} or null}.

A type is a name (utf8, bool, uint8, int32, int64, float32, float64), {"list": type} or {"struct": [columns]}. Values
JSON has no form for come as text: int64 always, and NaN, Infinity, -Infinity of floats. Prints one line of JSON:
{"rows": n, "values": n, "readers": {...}, "metadata": {...}}; exits with 1 at the first difference.
"""

import json
import math
import os
import struct
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_OFFLINE"] = "1"

import datasets  # noqa: E402
import duckdb  # noqa: E402
import polars  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

compared = 0


def check(kind, wanted, found, where):
    """Raises AssertionError where `found` is not exactly `wanted`."""
    global compared
    if wanted is None or found is None:
        assert wanted is None and found is None, f"{where}: wanted {wanted!r}, found {found!r}"
    elif isinstance(kind, dict) and "list" in kind:
        assert len(wanted) == len(found), f"{where}: wanted {len(wanted)} members, found {len(found)}"
        for at, (one, other) in enumerate(zip(wanted, found)):
            check(kind["list"], one, other, f"{where}[{at}]")
        return
    elif isinstance(kind, dict):
        names = [member["name"] for member in kind["struct"]]
        assert list(found) == names, f"{where}: members {list(found)}"
        for member in kind["struct"]:
            check(member["type"], wanted.get(member["name"]), found[member["name"]], f"{where}.{member['name']}")
        return
    elif kind in ("float32", "float64"):
        number = float(wanted)
        if kind == "float32":
            number = struct.unpack("f", struct.pack("f", number))[0]
        assert type(found) is float, f"{where}: {type(found)}"
        same = math.isnan(found) if math.isnan(number) else found == number
        assert same, f"{where}: wanted {number!r}, found {found!r}"
    else:
        value = int(wanted) if kind == "int64" else wanted
        assert type(found) is type(value) and found == value, f"{where}: wanted {value!r}, found {found!r}"
    compared += 1


def check_rows(reader, columns, wanted, found):
    assert len(found) == len(wanted), f"{reader}: wanted {len(wanted)} rows, found {len(found)}"
    for at, row in enumerate(found):
        names = [column["name"] for column in columns]
        assert list(row) == names, f"{reader}: columns {list(row)}"
        for column in columns:
            name = column["name"]
            check(column["type"], wanted[at].get(name), row[name], f"{reader} row {at} {name}")


def from_datasets(loaded):
    return [row for row in loaded]


def from_duckdb(files):
    listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    # Not duckdb's own to-Python: it has no order by default over several files.
    result = duckdb.execute(f"SELECT * FROM read_parquet([{listed}])")
    names = [column[0] for column in result.description]
    return [dict(zip(names, row)) for row in result.fetchall()]


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        expected = json.load(file)
    files, columns, rows = expected["files"], expected["columns"], expected["rows"]
    readers = {}

    def read(reader, found):
        before = compared
        check_rows(reader, columns, rows, found)
        readers[reader] = compared - before

    read("pyarrow", [row for file in files for row in pq.read_table(file).to_pylist()])
    with tempfile.TemporaryDirectory() as cache:
        if expected.get("dataset"):
            place = expected["dataset"]
            loaded = datasets.load_dataset(place["dir"], place["config"], split="train", cache_dir=cache)
            read("datasets, by the card", from_datasets(loaded))
        loaded = datasets.load_dataset("parquet", data_files=files, split="train", cache_dir=cache)
        read("datasets", from_datasets(loaded))
    read("polars", polars.concat([polars.read_parquet(file) for file in files]).to_dicts())
    read("duckdb", from_duckdb(files))
    metadata = json.loads(pq.ParquetFile(files[0]).metadata.metadata[b"rlm_gym"])
    print(json.dumps({"rows": len(rows), "values": compared, "readers": readers, "metadata": metadata}))


try:
    main()
except AssertionError as difference:
    print(difference, file=sys.stderr)
    sys.exit(1)
