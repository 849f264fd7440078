// `npm run hooks`: lets git run `npm run verify` before a push. Does nothing where there is no git clone.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, pinnedNode, root, toolEnvironment } from './environment.mjs';
import { runProgram } from './program.mjs';
import { note, printFailure } from './steps.mjs';

if (!findProgram('git') || !existsSync(join(root, '.git'))) {
  note('This is no git clone, so there are no hooks to install.');
} else {
  try {
    const lefthook = join(root, 'node_modules', 'lefthook', 'bin', 'index.js');
    await runProgram('lefthook', pinnedNode, [lefthook, 'install'], { env: toolEnvironment() });
    note('Before each push git now runs: npm run verify');
  } catch (error) {
    printFailure(error);
    process.exitCode = 1;
  }
}
