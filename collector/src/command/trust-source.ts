// Who may sign, as agents are told.
import type { TrustUpdate } from '@foretop/proto';

export interface TrustSource {
  current(): TrustUpdate;
  /** Calls back after each change, until the function that it returns is called. */
  onChange(listener: () => void): () => void;
}
