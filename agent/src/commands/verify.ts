// `foretop-agent verify`: checks another release against the key in this one.
import { readAsset } from '../host/assets.ts';
import { verifyRelease } from '../service/release-signature.ts';
import { failWith, type Registration } from './command.ts';

export const registerVerify: Registration = (program) => {
  program
    .command('verify')
    .description("Check that a release's SHA256SUMS was signed by the key that this agent was built with.")
    .argument('<sums>', 'the file SHA256SUMS')
    .argument('<signature>', 'the file SHA256SUMS.sig')
    .action((sums: string, signature: string) => {
      try {
        verifyRelease(sums, signature, readAsset('release-key.pem'));
      } catch (error) {
        failWith(error);
      }
    });
};
