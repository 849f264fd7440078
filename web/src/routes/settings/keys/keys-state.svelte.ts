// What the page of keys knows: registered keys, those in this browser, owner and roster; and what it changes.
import type { KeyGrant, NewSigningKey, SigningKey, TrustState } from '@foretop/proto/api';
import { ApiError, request } from '#lib/api/client.ts';
import { messageOf } from '#lib/api/session.svelte.ts';
import { browserKeys, forgetBrowserKey, makeBrowserKey, type BrowserKey } from '#lib/trust/browser-keys.ts';
import { makePasskey } from '#lib/trust/passkeys.ts';
import { readTrust } from '#lib/trust/read-trust.ts';

export class KeysState {
  trust = $state.raw<TrustState | undefined>();
  keys = $state.raw<readonly SigningKey[]>([]);
  here = $state.raw<readonly BrowserKey[]>([]);
  known = $state(false);
  busy = $state(false);
  failure = $state('');
  /** What was done, or is left to do elsewhere. */
  said = $state('');

  async read(): Promise<void> {
    try {
      const [trust, keys, here] = await Promise.all([
        readTrust(),
        request<SigningKey[] | { items: SigningKey[] }>('/trust/keys'),
        browserKeys().catch(() => []),
      ]);
      this.trust = trust;
      this.keys = 'items' in keys ? keys.items : keys;
      this.here = here;
      this.known = true;
    } catch (error) {
      this.failure = messageOf(error);
    }
  }

  /** A key of this browser that is not registered is taken again rather than another one made. */
  addBrowserKey(name: string): Promise<void> {
    return this.#change('Registered. It signs nothing until an administrator grants it.', async () => {
      const key = this.here.find(({ thumbprint }) => !this.keys.some((one) => one.thumbprint === thumbprint));
      await register({ signer: 'browser', name, jwk: (key ?? (await makeBrowserKey())).jwk });
    });
  }

  addPasskey(name: string, account: { id: number; name: string }): Promise<void> {
    return this.#change('Registered. It signs nothing until an administrator grants it.', async () => {
      const known = this.keys.flatMap(({ credentialId }) => credentialId ?? []);
      const key = await makePasskey({ id: String(account.id), name: account.name }, known);
      await register({ signer: 'passkey', name, ...key });
    });
  }

  /** The key goes from the roster, and from this browser where it is in it. */
  remove(key: SigningKey): Promise<void> {
    return this.#change('Removed.', async () => {
      await request(`/trust/keys/${key.id}`, { method: 'DELETE' });
      await forgetBrowserKey(key.thumbprint).catch(() => undefined);
    });
  }

  forget(thumbprint: string): Promise<void> {
    return this.#change('Forgotten.', () => forgetBrowserKey(thumbprint));
  }

  grant(key: SigningKey, grant: KeyGrant): Promise<void> {
    return this.#change('Granted. The new roster goes to the hosts.', () =>
      request(`/trust/keys/${key.id}/grant`, { method: 'POST', body: grant }),
    );
  }

  withdraw(key: SigningKey): Promise<void> {
    return this.#change('Withdrawn. The new roster goes to the hosts.', () =>
      request(`/trust/keys/${key.id}/grant`, { method: 'DELETE' }),
    );
  }

  publish(roster: string): Promise<void> {
    return this.#change('In force. It goes to the hosts.', () =>
      request('/trust/roster', { method: 'PUT', body: { roster: roster.trim() } }),
    );
  }

  async #change(done: string, act: () => Promise<unknown>): Promise<void> {
    this.busy = true;
    this.failure = this.said = '';
    try {
      await act();
      this.said = done;
    } catch (error) {
      // The wish is kept: what is missing is the owner's signature.
      if (error instanceof ApiError && error.problem?.type.endsWith(':owner-offline'))
        this.said = 'Kept. The owner key is elsewhere: sign the roster there and upload it, below.';
      else this.failure = messageOf(error);
    }
    await this.read();
    this.busy = false;
  }
}

const register = (key: NewSigningKey): Promise<unknown> => request('/trust/keys', { method: 'POST', body: key });
