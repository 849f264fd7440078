// Sends the same frame as often as it can, so often and no more: what a busy wire looks like to a capture.
import { ethernet, ipv4, udp } from '../../agent/test/packets.ts';
import { FrameSender } from './frame-sender.ts';

const [interfaceName = '', count = '', payloadBytes = ''] = process.argv.slice(2);
using sender = new FrameSender(interfaceName);
const frame = ethernet(0x0800, ipv4(17, udp({ serverPort: 7_001, payload: new Uint8Array(Number(payloadBytes)) })));
let sent = 0;
const began = performance.now();
for (let turn = 0; turn < Number(count); turn++) if (sender.send(frame)) sent++;
console.log(`sent ${sent} in ${Math.round(performance.now() - began)} ms`);
