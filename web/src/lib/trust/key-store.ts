// A store of keys in a database of this browser (IndexedDB): one transaction at a time, and the database closed after it.

interface KeyStoreNames {
  database: string;
  store: string;
  /** The property by which a kept object is found. */
  keyPath: string;
}

/** What `act` asked for, once it is on the disk. Throws Error with a sentence for the person when the browser refuses. */
export async function inKeyStore<Result>(
  names: KeyStoreNames,
  mode: IDBTransactionMode,
  act: (store: IDBObjectStore) => IDBRequest<Result>,
): Promise<Result> {
  const database = await open(names);
  try {
    const transaction = database.transaction(names.store, mode);
    const request = act(transaction.objectStore(names.store));
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error('The browser did not change its keys.'));
    });
    return request.result;
  } finally {
    database.close();
  }
}

function open({ database, store, keyPath }: KeyStoreNames): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(database, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(store, { keyPath });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () =>
      reject(new Error('The browser did not open its database of keys. A private window may keep none.'));
  });
}
