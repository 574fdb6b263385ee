import type { RunConfig } from '../../configs/schema.ts';
import { openAiOptionsSchema } from '../../rollout/policies/openai-options.ts';
import { isLocal } from '../../rollout/policies/openai-options.ts';
import type { Check } from './machine.ts';

const kinds = ['root', 'rlm', 'llm', 'judge'] as const;

/** Asks each endpoint of a config for its models (`GET /models`), once an endpoint; no text is asked for. */
export async function checkEndpoints(
  policies: RunConfig['policies'],
  env: Readonly<Record<string, string | undefined>>,
  fetcher: typeof fetch = fetch,
): Promise<Check[]> {
  const checks: Check[] = [];
  const seen = new Set<string>();
  for (const kind of kinds) {
    const policy = policies[kind];
    if (policy?.name !== 'openai') continue;
    const { name: _name, ...options } = policy;
    const { baseURL, model, apiKeyEnv, headers } = openAiOptionsSchema.parse(options);
    if (seen.has(`${baseURL} ${model}`)) continue;
    seen.add(`${baseURL} ${model}`);
    checks.push(await ping({ name: `endpoint of policies.${kind}`, baseURL, model, apiKeyEnv, headers, env, fetcher }));
  }
  return checks;
}

interface Ping {
  readonly name: string;
  readonly baseURL: string;
  readonly model: string;
  readonly apiKeyEnv: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly fetcher: typeof fetch;
}

async function ping({ name, baseURL, model, apiKeyEnv, headers, env, fetcher }: Ping): Promise<Check> {
  const key = env[apiKeyEnv];
  if (!key && !isLocal(baseURL)) {
    const fix = `export ${apiKeyEnv}=…, or name another variable in apiKeyEnv`;
    return { name, ok: false, detail: `${apiKeyEnv} is not set, which ${baseURL} needs`, fix };
  }
  try {
    const response = await fetcher(`${baseURL.replace(/\/$/, '')}/models`, {
      headers: { ...headers, ...(key ? { authorization: `Bearer ${key}` } : {}) },
      signal: AbortSignal.timeout(10_000),
    });
    if (!response.ok) {
      const keyFix = `look at the key in ${apiKeyEnv}`;
      const fix = response.status === 401 || response.status === 403 ? keyFix : `look at baseURL: ${baseURL}`;
      return { name, ok: false, detail: `${baseURL}/models answered ${response.status}`, fix };
    }
    const { data } = (await response.json()) as { data?: { id?: unknown }[] };
    const models = (data ?? []).map(({ id }) => String(id));
    if (models.length > 0 && !models.includes(model)) {
      const some = models.slice(0, 5).join(', ');
      return { name, ok: false, detail: `${baseURL} has no model "${model}"`, fix: `choose one of: ${some}` };
    }
    return { name, ok: true, detail: `${baseURL} answers, model ${model}` };
  } catch (error) {
    const { message, cause } = error as Error & { cause?: { code?: string } };
    const detail = `${baseURL} does not answer (${cause?.code ?? message})`;
    return { name, ok: false, detail, fix: 'start the server (vLLM: vllm serve MODEL), or correct baseURL' };
  }
}
