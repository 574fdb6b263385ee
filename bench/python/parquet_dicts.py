"""python parquet_dicts.py POOL_DIR OUT_FILE ROWS: the rows of bench/parquet/rows.ts, from dicts, through pyarrow.

Row groups of 512 rows, zstd at pyarrow's default level, the same dictionary columns.
"""

import array
import json
import os
import sys
import time

import pyarrow as pa
import pyarrow.parquet as pq

pool, out, rows = sys.argv[1], sys.argv[2], int(sys.argv[3])
shape = json.loads(os.environ["RLM_GYM_BENCH_SHAPE"])
row_chars, row_tokens = shape["rowChars"], shape["rowTokens"]
span, pool_tokens = shape["pieceChars"] - row_chars, shape["poolTokens"]


def numbers(name, code):
    values = array.array(code)
    with open(os.path.join(pool, name), "rb") as file:
        values.frombytes(file.read())
    return values.tolist()


with open(os.path.join(pool, "texts.json"), encoding="utf-8") as file:
    texts = json.load(file)
ids = numbers("ids.i32", "i")
logprobs = numbers("logprobs.f32", "f")
mask = numbers("mask.u8", "B")


def make_row(k):
    start = (k // len(texts) * 737) % span
    token = (k * 2603) % (pool_tokens - row_tokens)
    reward = (k % 11) / 10
    group = k // 8
    return {
        "episode_id": f"bench/0/task-{group}/{k % 8}",
        "round": 0,
        "group_id": f"bench/0/task-{group}",
        "group_size": 8,
        "group_scored": 8,
        "rollout_index": k % 8,
        "task_id": f"task-{group}",
        "family": "niah" if group % 2 == 0 else "oolong",
        "call_id": "0",
        "parent_call_id": None,
        "kind": "root",
        "depth": 0,
        "segment": 0,
        "row_in_episode": 0,
        "rows_in_episode": 1,
        "is_last_step": True,
        "input_ids": ids[token : token + row_tokens],
        "loss_mask": mask[token : token + row_tokens],
        "prompt_length": 200,
        "logprobs": logprobs[token : token + row_tokens],
        "logprobs_mode": "raw",
        "temperature": 1.0,
        "token_source": "sampled",
        "turn_start": [200, 1200, 2100],
        "turn_end": [900, 1900, row_tokens],
        "turn_finish_reason": ["stop", "stop", "stop"],
        "turn_reward": [0.0, 0.0, reward],
        "turn_return": [reward, reward, reward],
        "gamma": 1.0,
        "reward": reward,
        "reward_correctness": reward,
        "adv_mean": reward - 0.5,
        "adv_rloo": reward - 0.5,
        "group_mean": 0.5,
        "group_uniform": False,
        "episode_trainable_tokens": 1900,
        "row_trainable_tokens": 1900,
        "subsample_weight": 1.0,
        "loss_weight": 1.0,
        "stop_reason": "answered",
        "terminated": True,
        "truncated": False,
        "trainable": True,
        "source": "policy",
        "model": "model",
        "dialect": "javascript",
        "messages": texts[k % len(texts)][start : start + row_chars],
    }


primitives = {
    "utf8": pa.string(),
    "bool": pa.bool_(),
    "uint8": pa.uint8(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float32": pa.float32(),
    "float64": pa.float64(),
}


def arrow_type(kind):
    return pa.list_(arrow_type(kind["list"])) if isinstance(kind, dict) else primitives[kind]


schema = pa.schema([(column["name"], arrow_type(column["type"])) for column in shape["columns"]])
dictionaries = [column["name"] for column in shape["columns"] if column.get("dictionary")]
with pq.ParquetWriter(out, schema, compression="zstd", use_dictionary=dictionaries) as writer:
    for first in range(0, rows, 512):
        group = [make_row(k) for k in range(first, min(rows, first + 512))]
        writer.write_table(pa.Table.from_pylist(group, schema), row_group_size=512)
print(json.dumps({"cpuSeconds": time.process_time(), "fileMb": os.path.getsize(out) / 1e6}))
