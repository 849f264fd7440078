// Sets protobufjs up before any generated code loads: 64-bit numbers are JavaScript numbers, checked against 2^53 by the receiver.
import $protobuf from 'protobufjs/minimal.js';

($protobuf.util as { Long: unknown }).Long = null;
$protobuf.configure();
