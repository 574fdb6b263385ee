"""A taskset and a harness for verifiers 0.4: three turns of plain talk, scored by a substring.

The loop runs in verifiers' own process, which is the fastest way its release offers: no program is launched for a
rollout, every model call goes through its interception server, as its harness contract asks.
"""

import aiohttp
import verifiers.v1 as vf
from verifiers.v1.configs.harness import HarnessConfig

__all__ = ["ThreeTurns", "ThreeTurnsTaskset"]

TURNS = 3


class BenchData(vf.TaskData):
    answer: str


class BenchTask(vf.Task[BenchData]):
    @vf.reward
    async def correct(self, trace) -> float:
        return float(self.data.answer in (trace.last_reply or ""))


class ThreeTurnsTaskset(vf.Taskset[BenchTask, vf.TasksetConfig]):
    def load(self):
        for at in range(16):
            prompt = f"How much is it in text {at}? " + "alpha beta gamma key-7 " * 40
            yield BenchTask(BenchData(prompt=prompt, answer="42"), self.config.task)


_session: aiohttp.ClientSession | None = None


def session() -> aiohttp.ClientSession:
    """One for the process, with kept connections."""
    global _session
    if _session is None:
        _session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
    return _session


async def close() -> None:
    if _session is not None:
        await _session.close()


class ThreeTurns(vf.Harness[HarnessConfig]):
    APPENDS_SYSTEM_PROMPT = True
    EXECUTES_CODE = False
    NEEDS_CONTAINER = False

    async def launch(self, ctx, trace, runtime, endpoint, secret, mcp_urls, data) -> vf.ProgramResult:
        url = f"{endpoint.rstrip('/')}/chat/completions"
        headers = {"authorization": f"Bearer {secret}"}
        messages = [{"role": "user", "content": data.prompt}]
        for turn in range(TURNS):
            async with session().post(url, json={"model": ctx.model, "messages": messages}, headers=headers) as reply:
                reply.raise_for_status()
                message = (await reply.json())["choices"][0]["message"]
            messages.append({"role": "assistant", "content": message["content"]})
            if turn + 1 < TURNS:
                messages.append({"role": "user", "content": f"Look closer ({turn + 1})."})
        return vf.ProgramResult(exit_code=0, stdout="", stderr="")
