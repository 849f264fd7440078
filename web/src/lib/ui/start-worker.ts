// Starts a thread of the page's own; one whose file does not come is asked for again, like every part of the page, and the page hears of it.
import { loadPart } from './load-part.ts';

/** What a thread says first. */
export const started = 'started';

/** Rejects with Error for faults of the thread's own. */
export const startWorker = (open: () => Worker): Promise<Worker> =>
  loadPart(
    () =>
      new Promise((resolve, reject) => {
        const worker = open();
        worker.onmessage = () => resolve(worker);
        // Only what it throws itself has words.
        worker.onerror = (event) =>
          reject(
            event instanceof ErrorEvent ? new Error(event.message) : new TypeError('The thread could not be loaded.'),
          );
      }),
  );
