// The agent's first file: the command line, or the worker that a running agent starts out of the same program.
import { workerCommand } from './broker/worker-arguments.ts';

// Each is loaded only where it runs.
if (process.argv[2] === workerCommand)
  void import('./broker/worker.ts').then(({ runWorker }) => runWorker(process.argv.slice(3)));
else void import('./commands/program.ts').then(({ runProgram }) => runProgram());
