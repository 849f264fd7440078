// Enrolment tokens for simulated hosts: out of a file, or made one by one with an administrator's API token.

/** One token for one host. Rejects with NoTokenError when there is none and will be none; anything else may pass. */
export type TokenSource = () => Promise<string>;

export class NoTokenError extends Error {
  readonly code = 'no-token';
  readonly retryable = false;
}

/**
 * `text`: enrolment tokens (`fte1_…`), one a line, or one API token of an administrator (`ftt_…`), with which the collector
 * at `collectorUrl` is asked for a token when a host needs one.
 */
export function tokensFrom(text: string, collectorUrl: string): TokenSource {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const [first = ''] = lines;
  if (!first.startsWith('fte1_')) return () => requestToken(collectorUrl, first);
  return async () => {
    const token = lines.shift();
    if (token === undefined)
      throw new NoTokenError('The enrolment tokens are used up. Put one for each new host into the token file.');
    return token;
  };
}

async function requestToken(collectorUrl: string, bearer: string): Promise<string> {
  const url = `${collectorUrl}/api/v1/enrol-tokens`;
  const response = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${bearer}` } });
  if (!response.ok) {
    const answer = `POST ${url} answered ${response.status}: ${(await response.text()).slice(0, 200)}`;
    if (response.status === 401 || response.status === 403) {
      throw new NoTokenError(`${answer}. It takes an API token of an administrator.`);
    }
    throw new Error(answer);
  }
  const { token } = (await response.json()) as { token?: unknown };
  if (typeof token !== 'string') throw new Error(`POST ${url} answered without a token`);
  return token;
}
