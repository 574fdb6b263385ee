"""Plays rounds of the three-turn environment with verifiers, as its own eval runner does, and is told when.

Reads lines `EPISODES CONCURRENCY` from stdin; answers each with a line of JSON on stdout. Ends at end of input.
"""

import asyncio
import itertools
import json
import logging
import sys
import tempfile
import time
from pathlib import Path

import three_turns
import verifiers.v1 as vf
from verifiers.v1.clients import EvalClientConfig, ModelContext
from verifiers.v1.types import SamplingConfig
from verifiers.v1.utils.loaders import load_environment
from verifiers.v1.utils.trace_store import append_episode

logging.disable(logging.WARNING)


async def play(env, ctx, tasks, episodes: int, concurrency: int) -> dict:
    with tempfile.TemporaryDirectory(prefix="rlm-gym-bench-verifiers-") as folder:
        lock = asyncio.Lock()
        limit = asyncio.Semaphore(concurrency)

        async def keep(episode) -> None:
            await append_episode(Path(folder), episode, lock)

        slots = [slot for task in itertools.islice(itertools.cycle(tasks), episodes) for slot in env.slots(task)]
        wall, cpu = time.perf_counter(), time.process_time()
        done = await asyncio.gather(*(env.run_slot(slot, ctx, limit, keep) for slot in slots))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        right = sum(1 for one in done if one.ok and one.traces[0].reward == 1.0)
        turns = episodes * three_turns.TURNS
        failure = next((str(e) for one in done for e in [*one.errors, *(one.traces[0].errors if one.traces else [])]), "")
        return {
            "turnsPerSecond": turns / wall,
            "cpuMsPerTurn": 1e3 * cpu / turns,
            "failed": episodes - right,
            "failure": failure[:500],
        }


async def main(url: str) -> None:
    config = vf.SingleAgentEnvConfig.model_validate(
        {
            "taskset": {"id": "three_turns"},
            "agent": {"harness": {"id": "three_turns"}, "runtime": {"type": "subprocess"}},
        }
    )
    env = load_environment(config)
    client = EvalClientConfig(base_url=url, api_key_var="RLM_GYM_BENCH_KEY")
    ctx = ModelContext(client=client, model="bench", sampling=SamplingConfig())
    tasks = list(env.taskset)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with env.serving():
        print(json.dumps({"ready": vf.__name__}), flush=True)
        while line := (await lines.readline()).split():
            print(json.dumps(await play(env, ctx, tasks, int(line[0]), int(line[1]))), flush=True)
    await three_turns.close()


asyncio.run(main(sys.argv[1]))
